"""What can be wrong with the columns of a batch."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from segmentd.errors import ErrorReason, FieldViolation, SegmentdError, Status


class ColumnError(SegmentdError):
    """A column, or the batch it is in, cannot be read.

    `part` is what of the column is at fault: its values, its validity, or its name; or what of the batch: its ids or
    its row count. `names_field`: the metadata have the field too.
    """

    part: ClassVar[str] = "values"
    names_field: ClassVar[bool] = False

    def place(self, field: str) -> None:
        """Say which field of the request it is about."""
        self.fields = (FieldViolation(field, self.message),)
        if self.names_field:
            self.metadata = {"field": field, **self.metadata}


class TypeMismatchError(ColumnError):
    """A column's values do not fit the attribute's type."""

    reason = ErrorReason.ATTRIBUTE_TYPE_MISMATCH

    def __init__(self, attribute: str, *, given: str, expected: str) -> None:
        super().__init__(
            f"attribute {attribute!r} is {expected}, and {given} values do not fit it",
            attribute=attribute,
            given=given,
            expected=expected,
        )


class InvalidValueError(ColumnError):
    """A value is outside what the attribute's type can hold.

    `wrong`: a truth value a row, true of all rows that are wrong for the same reason, with `given`, a value a row; None
    where only the first is known.
    """

    reason = ErrorReason.INVALID_VALUE

    def __init__(
        self,
        attribute: str,
        *,
        row: int,
        value: object,
        allowed: str,
        wrong: npt.NDArray[np.bool_] | None = None,
        given: npt.NDArray[Any] | None = None,
    ) -> None:
        self.allowed = allowed
        self.wrong = wrong
        self.given = given
        shown = str(value)
        shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
        super().__init__(
            f"attribute {attribute!r} has the value {shown} in row {row}; {allowed}",
            attribute=attribute,
            row=row,
            value=shown,
        )


class ColumnWidthError(ColumnError):
    """The raw bytes of a column are not a whole number of elements for its rows."""

    reason = ErrorReason.COLUMN_WIDTH

    def __init__(self, attribute: str, *, size: int, width: str, expected: str) -> None:
        super().__init__(
            f"attribute {attribute!r} has {size} raw bytes; {expected}", attribute=attribute, bytes=size, width=width
        )


class ValidityLengthError(ColumnError):
    """A validity bitmap does not have one bit a row, rounded up to bytes."""

    reason = ErrorReason.VALIDITY_LENGTH
    part = "validity"

    def __init__(self, attribute: str, *, size: int, expected: int) -> None:
        super().__init__(
            f"the validity of attribute {attribute!r} has {size} bytes; its rows need exactly {expected}",
            attribute=attribute,
            bytes=size,
            expected=expected,
        )


class RaggedColumnsError(ColumnError):
    """The columns of a batch have different lengths."""

    reason = ErrorReason.RAGGED_COLUMNS

    def __init__(self, attribute: str, *, rows: int, expected: int) -> None:
        super().__init__(
            f"attribute {attribute!r} has {rows} rows, and the batch {expected}",
            attribute=attribute,
            rows=rows,
            expected=expected,
        )


class IdsLengthError(ColumnError):
    """There are more or fewer ids than rows."""

    reason = ErrorReason.RAGGED_COLUMNS
    part = "ids"
    names_field = True

    def __init__(self, *, rows: int, expected: int) -> None:
        super().__init__(f"there are {rows} ids, and the batch has {expected} rows", rows=rows, expected=expected)


class RowCountError(ColumnError):
    """The number of rows that was given is not that of the columns, which agree with each other."""

    reason = ErrorReason.RAGGED_COLUMNS
    part = "row_count"
    names_field = True

    def __init__(self, *, rows: int, expected: int) -> None:
        super().__init__(f"the row count is {rows}, and the columns have {expected} rows", rows=rows, expected=expected)


class ListLengthsError(ColumnError):
    """The lengths of a column's lists do not add up to their elements."""

    reason = ErrorReason.RAGGED_COLUMNS

    def __init__(self, attribute: str, *, elements: int, expected: int) -> None:
        super().__init__(
            f"the lists of attribute {attribute!r} have {elements} elements, and their lengths add up to {expected}",
            attribute=attribute,
            rows=elements,
            expected=expected,
        )


class DictionaryLimitError(ColumnError):
    """A dictionary has more values than one request may carry."""

    reason = ErrorReason.DISTINCT_LIMIT

    def __init__(self, attribute: str, *, distinct: int, limit: int) -> None:
        super().__init__(
            f"the dictionary of attribute {attribute!r} has {distinct} values; at most {limit} are allowed",
            attributes=attribute,
            distinct=distinct,
            limit=limit,
        )


class DuplicateColumnError(ColumnError):
    """An attribute is given twice."""

    reason = ErrorReason.DUPLICATE_COLUMN
    part = "attribute"

    def __init__(self, attribute: str) -> None:
        super().__init__(f"attribute {attribute!r} is given twice", attribute=attribute)


class UnknownColumnError(ColumnError):
    """A column is named after an attribute that the ledger lacks."""

    reason = ErrorReason.UNKNOWN_ATTRIBUTE
    part = "attribute"

    def __init__(self, attribute: str, *, nearest: str | None = None) -> None:
        hint = f"; did you mean {nearest!r}?" if nearest else ""
        super().__init__(f"no attribute {attribute!r}{hint}", attribute=attribute, nearest=nearest)


class ComputedColumnError(ColumnError):
    """A column is named after an attribute that is not given; `how` says how it comes about."""

    reason = ErrorReason.INVALID_FIELD
    part = "attribute"
    names_field = True

    def __init__(self, attribute: str, how: str = "computed") -> None:
        super().__init__(
            f"attribute {attribute!r} is {how}, so it cannot be given", attribute=attribute, value=attribute
        )


class TooManyRowsError(ColumnError):
    """The batch has more rows than one request may carry."""

    reason = ErrorReason.TOO_MANY_ROWS

    def __init__(self, rows: int, limit: int) -> None:
        super().__init__(f"the batch has {rows} rows; at most {limit} are allowed", rows=rows, limit=limit)


class EmptyBatchError(ColumnError):
    """The batch has no rows."""

    reason = ErrorReason.EMPTY_BATCH
    names_field = True

    def __init__(self) -> None:
        super().__init__("the batch has no rows; give at least one")


class MalformedArrowError(ColumnError):
    """The bytes are no Arrow data that can be read."""

    reason = ErrorReason.MALFORMED_ARROW

    def __init__(self, error: str) -> None:
        line = error.strip().splitlines()[0] if error.strip() else "unreadable"
        super().__init__(f"the bytes are no Arrow IPC stream: {line}", error=line)


class ExpandedSizeError(ColumnError):
    """Data that is small as sent would take more memory than a request may."""

    reason = ErrorReason.MESSAGE_TOO_LARGE
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"the data takes {size} bytes when it is unpacked; at most {limit} are allowed",
            size_bytes=size,
            limit_bytes=limit,
        )
