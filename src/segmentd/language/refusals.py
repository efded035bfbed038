"""Why a part of a checked tree cannot be used: what the supported subset leaves out, and what to write instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from segmentd.errors import ErrorReason
from segmentd.language.celtree_pb2 import Expr
from segmentd.language.identifiers import SEGMENTS
from segmentd.language.issues import ExpressionError
from segmentd.language.overloads import of_function
from segmentd.language.wording import allowed, as_in, display_name, listed
from segmentd.schema import DOUBLE, INT64, LIST, DataType, Kind, Schema


@dataclass(frozen=True, slots=True)
class Refusal:
    """Reason, message and the message's dynamic parts; the place comes later."""

    reason: ErrorReason
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)


def unsupported(operation: str) -> Refusal:
    """Something of CEL that the subset lacks, by name."""
    return _unsupported(operation, f"{operation} is not supported")


def unsupported_call(function: str, overloads: Sequence[str], types: Sequence[DataType | str]) -> Refusal:
    """A supported name with types that are not, or a name that is not supported at all."""
    name = display_name(function)
    operation = overloads[0] if len(overloads) == 1 else name
    if not of_function(function):
        return _unsupported(operation, f"{name} is not supported")
    given = " and ".join(map(str, types))
    return _unsupported(operation, f"{name} of {given} is not supported; allowed: {allowed(function)}")


def unsupported_construct(expr: Expr, name: str) -> Refusal:
    """A macro, a map or a message."""
    if expr.WhichOneof("expr_kind") == "comprehension_expr":
        return unsupported(f"macro {name or 'comprehension'}")
    message_name = expr.struct_expr.message_name
    return unsupported(f"message {message_name}" if message_name else "map literal")


def macro_of_others(name: str, subject: Schema, items: Collection[str]) -> Refusal:
    """A macro over something that is not the subject's items."""
    if not items:
        return unsupported(f"macro {name}")
    paths = listed([subject.qualified(field) for field in items])
    return _unsupported(f"macro {name}", f"macro {name} is supported only over {paths} itself")


def unfinished_filter(items: str, variable: str) -> Refusal:
    """`filter()` whose size is not taken."""
    message = f"filter() is supported only with size(), as in {items}.filter({variable}, ...).size()"
    return _unsupported("macro filter", message)


def macro_in_macro(name: str) -> Refusal:
    """A macro inside of another one's predicate."""
    return _unsupported(
        f"macro {name}", f"macro {name} inside of a macro is not supported; write them beside each other"
    )


def taken_variable(name: str, macro: str) -> Refusal:
    """A macro's variable that hides another."""
    message = f"{name!r} means something else already; give the variable of {macro}() another name, as in {name[:1]}"
    return _unsupported(f"variable {name}", message)


def segments_in_macro(path: str) -> Refusal:
    """`"id" in customer.segments` inside of a macro."""
    message = f'{path} cannot be asked for inside of a macro; write "id" in customer.segments beside the macro'
    return _unsupported(path, message)


def other_use_of_items(path: str) -> Refusal:
    """`customer.accounts` anywhere but in a macro or `size()`."""
    message = (
        f"{path} is used only as {path}.exists(x, ...), {path}.all(x, ...), {path}.exists_one(x, ...), "
        f"{path}.filter(x, ...).size() and {path}.size()"
    )
    return _unsupported(path, message)


def bare_item(name: str, schema: Schema) -> Refusal:
    """A macro's variable without an attribute."""
    message = (
        f"{name} is no value by itself; read one of the attributes of {schema.subject}{_as_read_from(name, schema)}"
    )
    return _unsupported(name, message)


def unfit_in_macro(path: str, what: str) -> Refusal:
    """A computed attribute that cannot be read inside of a macro, for what is in its expression."""
    message = f"{path} cannot be read inside of a macro: its expression has {what} in it"
    return _unsupported(path, message)


def _as_read_from(name: str, schema: Schema) -> str:
    example = next(iter(schema), None)
    return f", as in {name}.{example.id}" if example else ""


def bare_subject(schema: Schema) -> Refusal:
    """`customer` without an attribute."""
    message = f"{schema.variable} is no value by itself; read one of its attributes{as_in(schema)}"
    return _unsupported(schema.variable, message)


def other_use_of_segments(schema: Schema) -> Refusal:
    """`customer.segments` anywhere but to the right of a literal and `in`."""
    segments = f"{schema.variable}.{SEGMENTS}"
    message = f'the only use of {segments} is "id" in {segments}, with the id of a segment as a literal'
    return _unsupported(segments, message)


def null_element() -> Refusal:
    """`[null]`."""
    message = "null in a list is not supported; compare with null beside it, as in x == null || x in [...]"
    return _unsupported("null in a list", message)


def list_of_others(element: DataType) -> Refusal:
    """A list of lists, or one of anything but text as a value."""
    message = f"a list of {element} can only stand to the right of in; elsewhere lists hold STRING"
    if element == LIST:
        message = "a list of lists is not supported"
    return _unsupported(f"list of {element}", message)


def misfit(wanted: DataType, given: DataType) -> Refusal:
    """An element of a list that is of another type than what is looked for in it."""
    decimal = Kind.DECIMAL in (wanted.kind, given.kind)
    reason = ErrorReason.DECIMAL_MISUSE if decimal else ErrorReason.EXPRESSION_TYPE
    hint = "; write 3.0 for 3" if (wanted, given) == (DOUBLE, INT64) else ""
    message = f"in cannot look for {wanted} among {given}; the elements have to be of its type{hint}"
    return Refusal(reason, message, {"left": str(wanted), "right": str(given)})


def too_many_nodes(limit: int) -> Refusal:
    """Computed attributes that make the whole too large."""
    message = f"more than {limit} operations and operands, with computed attributes pasted in"
    return Refusal(ErrorReason.EXPRESSION_TOO_LONG, message, {"limit": str(limit)})


def decimal_misuse(message: str, types: Sequence[DataType]) -> Refusal:
    """An operation that decimals do not have."""
    return Refusal(ErrorReason.DECIMAL_MISUSE, message, {"left": str(types[0]), "right": str(types[-1])})


def passed_on(attribute_id: str, error: ExpressionError) -> Refusal:
    """A computed attribute that cannot be used itself."""
    cause = error.issues[0]
    if error.reason is ErrorReason.ATTRIBUTE_CYCLE:
        return Refusal(error.reason, cause.message, cause.metadata)
    message = f"attribute {attribute_id!r} is computed by an expression that cannot be used: {cause.message}"
    return Refusal(error.reason, message, cause.metadata)


def _unsupported(operation: str, message: str) -> Refusal:
    return Refusal(ErrorReason.UNSUPPORTED_OPERATION, message, {"operation": operation})
