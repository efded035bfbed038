"""The errors of segmentd: one base class, the canonical status each maps to, and every reason a caller can meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, unique
from typing import ClassVar

DOMAIN = "segmentd"
"""`ErrorInfo.domain` of every error that segmentd itself answers."""


@unique
class Status(Enum):
    """The canonical gRPC status of an error, by its name in `google.rpc.Code`."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    UNAVAILABLE = "UNAVAILABLE"
    CANCELLED = "CANCELLED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"


@unique
class ErrorReason(StrEnum):
    """Why a call failed. `error_reason.proto` documents each with its metadata; a test keeps the two equal."""

    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    MESSAGE_TOO_LARGE = "MESSAGE_TOO_LARGE"
    RESPONSE_TOO_LARGE = "RESPONSE_TOO_LARGE"
    FIELD_REQUIRED = "FIELD_REQUIRED"
    INVALID_FIELD = "INVALID_FIELD"
    INVALID_RESOURCE_NAME = "INVALID_RESOURCE_NAME"
    INVALID_PAGE_TOKEN = "INVALID_PAGE_TOKEN"
    INVALID_UPDATE_MASK = "INVALID_UPDATE_MASK"
    INVALID_FILTER = "INVALID_FILTER"

    LEDGER_NOT_FOUND = "LEDGER_NOT_FOUND"
    ATTRIBUTE_NOT_FOUND = "ATTRIBUTE_NOT_FOUND"
    SEGMENT_NOT_FOUND = "SEGMENT_NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    ETAG_MISMATCH = "ETAG_MISMATCH"
    ATTRIBUTE_IN_USE = "ATTRIBUTE_IN_USE"
    SEGMENT_IN_USE = "SEGMENT_IN_USE"
    DEFAULT_REQUIRED = "DEFAULT_REQUIRED"

    EXPRESSION_SYNTAX = "EXPRESSION_SYNTAX"
    EXPRESSION_TYPE = "EXPRESSION_TYPE"
    EXPRESSION_TOO_LONG = "EXPRESSION_TOO_LONG"
    EXPRESSION_TOO_DEEP = "EXPRESSION_TOO_DEEP"
    UNKNOWN_ATTRIBUTE = "UNKNOWN_ATTRIBUTE"
    UNKNOWN_SEGMENT = "UNKNOWN_SEGMENT"
    UNSUPPORTED_OPERATION = "UNSUPPORTED_OPERATION"
    DECIMAL_MISUSE = "DECIMAL_MISUSE"
    CONSTANT_FAILS = "CONSTANT_FAILS"
    SEGMENT_CYCLE = "SEGMENT_CYCLE"
    ATTRIBUTE_CYCLE = "ATTRIBUTE_CYCLE"

    EMPTY_BATCH = "EMPTY_BATCH"
    TOO_MANY_ROWS = "TOO_MANY_ROWS"
    RAGGED_COLUMNS = "RAGGED_COLUMNS"
    DUPLICATE_COLUMN = "DUPLICATE_COLUMN"
    ATTRIBUTE_TYPE_MISMATCH = "ATTRIBUTE_TYPE_MISMATCH"
    COLUMN_WIDTH = "COLUMN_WIDTH"
    VALIDITY_LENGTH = "VALIDITY_LENGTH"
    INVALID_VALUE = "INVALID_VALUE"
    MALFORMED_ARROW = "MALFORMED_ARROW"
    REQUIRED_ATTRIBUTE_MISSING = "REQUIRED_ATTRIBUTE_MISSING"
    DISTINCT_LIMIT = "DISTINCT_LIMIT"

    NO_RESIDENT_POPULATION = "NO_RESIDENT_POPULATION"
    POPULATION_MISMATCH = "POPULATION_MISMATCH"
    DATA_DIRECTORY_IN_USE = "DATA_DIRECTORY_IN_USE"
    STORE_FAILED = "STORE_FAILED"
    OVERLOADED = "OVERLOADED"
    NOT_READY = "NOT_READY"
    CALL_CANCELLED = "CALL_CANCELLED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"
    DATA_VERSION_MISMATCH = "DATA_VERSION_MISMATCH"
    TEXT_LIMIT = "TEXT_LIMIT"
    IMPORT_JOB_NOT_FOUND = "IMPORT_JOB_NOT_FOUND"
    IMPORT_SOURCE_REFUSED = "IMPORT_SOURCE_REFUSED"
    IMPORT_SOURCE_UNREADABLE = "IMPORT_SOURCE_UNREADABLE"
    INVALID_MAPPING = "INVALID_MAPPING"
    SNAPSHOT_NOT_FOUND = "SNAPSHOT_NOT_FOUND"
    SNAPSHOT_LIMIT = "SNAPSHOT_LIMIT"
    NO_FACTS = "NO_FACTS"
    TOO_MANY_GROUPS = "TOO_MANY_GROUPS"
    AMOUNT_OVERFLOW = "AMOUNT_OVERFLOW"
    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    PATTERN_TOO_LARGE = "PATTERN_TOO_LARGE"
    RULES_TOO_SLOW = "RULES_TOO_SLOW"
    HISTORY_NOT_KEPT = "HISTORY_NOT_KEPT"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One wrong field of a request: its path (`features.columns[2].validity`) and what is allowed."""

    field: str
    description: str


class SegmentdError(Exception):
    """A failure that its caller can understand: status, reason, message, metadata and the fields at fault.

    The message says what was given and what is allowed; every dynamic part of it is in `metadata` too.
    What is None or empty there is left out.
    """

    reason: ClassVar[ErrorReason] = ErrorReason.INTERNAL
    status: ClassVar[Status] = Status.INVALID_ARGUMENT

    def __init__(self, message: str, /, *, fields: tuple[FieldViolation, ...] = (), **metadata: object) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields
        self.metadata: Mapping[str, str] = {
            key: text for key, value in metadata.items() if value is not None and (text := str(value))
        }
