"""CEL's types in our terms: those of the checked tree, and those that its reports print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segmentd.language.celtree_pb2 import Type
from segmentd.schema import BOOL, DOUBLE, DURATION, INT64, LIST, NULL, STRING, TIMESTAMP, DataType

_PRIMITIVES: Final[Mapping[int, DataType]] = {
    Type.BOOL: BOOL,
    Type.INT64: INT64,
    Type.DOUBLE: DOUBLE,
    Type.STRING: STRING,
}
_UNSUPPORTED_PRIMITIVES: Final[Mapping[int, str]] = {Type.UINT64: "uint", Type.BYTES: "bytes"}
_WELL_KNOWN: Final[Mapping[int, DataType]] = {Type.TIMESTAMP: TIMESTAMP, Type.DURATION: DURATION}

_PRINTED: Final[Mapping[str, str]] = {
    "bool": "BOOL",
    "int": "INT64",
    "double": "DOUBLE",
    "string": "STRING",
    "google.protobuf.Timestamp": "TIMESTAMP",
    "google.protobuf.Duration": "DURATION",
    "null_type": "null",
    "list(string)": "LIST",
}


def data_type(type_: Type) -> DataType | str:
    """The type of a node of the checked tree, or CEL's name of a type that is not supported."""
    match type_.WhichOneof("type_kind"):
        case "primitive":
            return _PRIMITIVES.get(type_.primitive) or _UNSUPPORTED_PRIMITIVES.get(type_.primitive, "dyn")
        case "wrapper":
            return _PRIMITIVES.get(type_.wrapper) or _UNSUPPORTED_PRIMITIVES.get(type_.wrapper, "dyn")
        case "well_known":
            return _WELL_KNOWN.get(type_.well_known, "any")
        case "null":
            return NULL
        case "list_type":
            return _list_type(type_.list_type.elem_type)
        case "map_type":
            return "map"
        case "message_type":
            return "message"
        case _:
            return "dyn"


def _list_type(element: Type) -> DataType | str:
    inner = data_type(element)
    # The elements of an empty list have no type yet.
    return LIST if inner in (STRING, "dyn") else f"list({inner})"


def printed_types(printed: str) -> list[str]:
    """The types of a report's `(wrapper(int), list(string))`, in our terms."""
    return [_in_our_terms(name) for name in _split(printed.strip().removeprefix("(").removesuffix(")"))]


def _in_our_terms(name: str) -> str:
    name = name.strip()
    if name.startswith("wrapper("):
        name = name.removeprefix("wrapper(").removesuffix(")")
    if name in _PRINTED:
        return _PRINTED[name]
    # A list without elements: its type is still a parameter of the checker's.
    if name.startswith("list(") and "%" in name:
        return "LIST"
    if name.startswith("list("):
        return f"list of {_in_our_terms(name.removeprefix('list(').removesuffix(')'))}"
    return name.removeprefix("ledger.").lower() if name.startswith("ledger.") else name


def message_subject(printed: str) -> str:
    """The variable's name that a report's `ledger.Account` is the type of."""
    return printed.removeprefix("ledger.").lower()


def _split(names: str) -> list[str]:
    """Parts between commas that stand in no parentheses."""
    parts, depth = [""], 0
    for character in names:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]
