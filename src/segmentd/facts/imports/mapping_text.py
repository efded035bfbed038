"""Mappings as people write them, in YAML."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import pyarrow as pa

from segmentd.api.errors import nearest
from segmentd.columns.zones import UnknownZoneError, load_zone
from segmentd.facts.imports.errors import MappingError
from segmentd.facts.imports.mapping import (
    ID,
    ColumnType,
    CsvOptions,
    FieldSource,
    FileFormat,
    FromColumn,
    FromConstant,
    FromExpression,
    RecordMapping,
)
from segmentd.facts.kinds import RecordKind
from segmentd.schema import MAX_SCALE, DataType, Kind
from segmentd.segments.yaml_tree import List, Table, Text, Tree, YamlError, read_tree

T = TypeVar("T")

MAX_TEXT: Final = 65_536
"""Code points of a mapping."""

_KEYS: Final = ("kind", "format", "id", "fields", "types", "csv", "time_zone", "decimal_point", "join_lists")
_CSV_KEYS: Final = ("delimiter", "quote", "encoding", "null_values", "columns")
_SOURCES: Final = ("column", "prefix", "constant", "expression", "unknown")
_DECIMAL: Final = re.compile(r"DECIMAL\( *([0-9]) *\)")
_PLAIN_TYPES: Final = {
    kind.value: DataType(kind) for kind in Kind if kind not in (Kind.DECIMAL, Kind.DURATION, Kind.NULL)
}
_TYPES_SHOWN: Final = f"{', '.join(_PLAIN_TYPES)}, or DECIMAL(2)"


def read_mapping(text: str) -> RecordMapping:
    """The mapping that a text describes. Raises MappingError, naming the line."""
    if len(text) > MAX_TEXT:
        raise MappingError(f"the text has {len(text)} code points, and at most {MAX_TEXT} are allowed")
    try:
        table = _table(read_tree(text), "the mapping", _KEYS)
    except YamlError as error:
        raise MappingError(error.message, error.line) from error
    fields, lines = _fields(table)
    return RecordMapping(
        kind=_choice(table, "kind", {kind.value: kind for kind in RecordKind}),
        format=_choice(table, "format", {format_.value: format_ for format_ in FileFormat}),
        fields=fields,
        types=_types(table),
        csv=_csv(table),
        time_zone=_zone(table),
        decimal_point=_choice(table, "decimal_point", {".": ".", ",": ","}) or ".",
        join_lists=bool(_choice(table, "join_lists", {"true": True, "false": False})),
        lines=lines,
    )


def _fields(table: Table) -> tuple[dict[str, FieldSource], dict[str, int]]:
    if "fields" not in table.entries:
        raise MappingError("the key 'fields' is missing, with an entry for each field to set", table.line)
    of_fields = _table(table.entries["fields"], "fields")
    if ID in of_fields.entries:
        raise MappingError("the id stands beside 'fields', not in it", of_fields.key_lines[ID])
    sources = {name: _source(tree, name) for name, tree in of_fields.entries.items()}
    lines = dict(of_fields.key_lines)
    if ID in table.entries:
        sources[ID], lines[ID] = _source(table.entries[ID], ID), table.key_lines[ID]
    if not sources:
        raise MappingError("no field is mapped", table.line)
    return sources, lines


def _source(tree: Tree, name: str) -> FieldSource:
    """Where a field comes from; a text alone is the name of a column."""
    if isinstance(tree, Text) and tree.value:
        return FromColumn(tree.value)
    table = _table(tree, f"field {name!r}", _SOURCES)
    given = [key for key in ("column", "constant", "expression") if key in table.entries]
    if len(given) != 1:
        raise MappingError(f"field {name!r} has one of column, constant and expression, not {len(given)}", table.line)
    _only_with(table, "prefix", "column", given[0])
    _only_with(table, "unknown", "expression", given[0])
    text = _text(table, given[0])
    match given[0]:
        case "column":
            return FromColumn(text, _text(table, "prefix", ""))
        case "constant":
            return FromConstant(text)
        case _:
            missing = _choice(table, "unknown", {"reject": False, "missing": True})
            return FromExpression(text, unknown_is_missing=bool(missing))


def _types(table: Table) -> dict[str, ColumnType]:
    if "types" not in table.entries:
        return {}
    return {name: _type(tree, name) for name, tree in _table(table.entries["types"], "types").entries.items()}


def _type(tree: Tree, name: str) -> ColumnType:
    """`DECIMAL(2)`, or `{type: DATE, format: "%y%m%d"}`."""
    if isinstance(tree, Text):
        return ColumnType(_data_type(tree.value or "", name, tree.line))
    table = _table(tree, f"type of {name!r}", ("type", "format"))
    type_ = _data_type(_text(table, "type"), name, table.line)
    format_ = _text(table, "format", "")
    if format_ and type_.kind not in (Kind.DATE, Kind.TIMESTAMP):
        raise MappingError(f"column {name!r} is {type_}, and only DATE and TIMESTAMP have a format", table.line)
    return ColumnType(type_, format_)


def _data_type(text: str, name: str, line: int) -> DataType:
    decimal = _DECIMAL.fullmatch(text)
    if decimal and int(decimal[1]) <= MAX_SCALE:
        return DataType(Kind.DECIMAL, int(decimal[1]))
    if text not in _PLAIN_TYPES:
        raise MappingError(f"column {name!r} has the type {text!r}; allowed are {_TYPES_SHOWN}", line)
    return _PLAIN_TYPES[text]


def _csv(table: Table) -> CsvOptions:
    if "csv" not in table.entries:
        return CsvOptions()
    options = _table(table.entries["csv"], "csv", _CSV_KEYS)
    encoding = _text(options, "encoding", "utf-8")
    if not _is_of_text(encoding):
        raise MappingError(f"encoding {encoding!r} is not known as one of text", options.line)
    return CsvOptions(
        delimiter=_character(options, "delimiter", ""),
        quote=_character(options, "quote", '"'),
        encoding=encoding,
        null_values=_texts(options, "null_values") or ("",),
        columns=_texts(options, "columns"),
    )


def _is_of_text(encoding: str) -> bool:
    """Whether bytes become text by an encoding, piece by piece: Python knows others too, such as `base64`."""
    piece: Any = pa.py_buffer(b"a")  # what files are read by gives pieces to the decoder as such
    try:
        b"a".decode(encoding, "replace")
        codecs.getincrementaldecoder(encoding)("replace").decode(piece)
    except (LookupError, ValueError, AttributeError, TypeError):
        return False
    return True


def _zone(table: Table) -> str:
    zone = _text(table, "time_zone", "")
    if zone:
        try:
            load_zone(zone)
        except UnknownZoneError as error:
            raise MappingError(str(error), table.key_lines["time_zone"]) from error
    return zone


def _table(tree: Tree, what: str, allowed: Sequence[str] | None = None) -> Table:
    if not isinstance(tree, Table):
        raise MappingError(f"{what} has to be keys and values", tree.line)
    for key in tree.entries if allowed is not None else ():
        if key not in (allowed or ()):
            likely = nearest(key, allowed or ())
            hint = f"did you mean {likely!r}?" if likely else f"allowed are {', '.join(allowed or ())}"
            raise MappingError(f"{what} has the unknown key {key!r}; {hint}", tree.key_lines[key])
    return tree


def _text(table: Table, key: str, default: str | None = None) -> str:
    tree = table.entries.get(key)
    if tree is None and default is not None:
        return default
    if not isinstance(tree, Text) or tree.value is None:
        raise MappingError(f"{key} has to be a text", table.key_lines.get(key, table.line))
    return tree.value


def _texts(table: Table, key: str) -> tuple[str, ...]:
    tree = table.entries.get(key)
    if tree is None:
        return ()
    items = tree.items if isinstance(tree, List) else ()
    texts = tuple(item.value for item in items if isinstance(item, Text) and item.value is not None)
    if not items or len(texts) < len(items):
        # YAML reads NULL and nothing as no text at all.
        raise MappingError(f'{key} has to be a list of texts; put "" and "NULL" in quotes', table.key_lines[key])
    return texts


def _character(table: Table, key: str, default: str) -> str:
    text = _text(table, key, default)
    text = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if text != default and (len(text) != 1 or not text.isascii()):
        raise MappingError(f"{key} is {text!r}, and has to be one character of ASCII", table.key_lines[key])
    return text


def _choice(table: Table, key: str, choices: Mapping[str, T]) -> T | None:
    if key not in table.entries:
        return None
    text = _text(table, key)
    if text not in choices:
        raise MappingError(f"{key} is {text!r}; allowed are {', '.join(choices)}", table.key_lines[key])
    return choices[text]


def _only_with(table: Table, key: str, needed: str, given: str) -> None:
    if key in table.entries and given != needed:
        raise MappingError(f"{key} goes with {needed}, and this field has a {given}", table.key_lines[key])
