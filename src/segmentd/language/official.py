"""Google's CEL: the environment of a schema, its parser, its checker and its runtime, and nothing of our own meaning.

The environment is the standard library, with the orderings declared again so that INT64 and DOUBLE compare, the strings
extension, segmentd's calendar functions, and one that knows what a path is under.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final

from cel_expr_python import cel
from cel_expr_python.ext.ext_strings import ExtStrings
from google.protobuf.any_pb2 import Any as AnyMessage

from segmentd.language.calendar_functions import CALENDAR_FUNCTIONS, start_of_day
from segmentd.language.category_functions import IS_UNDER, is_under
from segmentd.language.celtree_pb2 import CheckedExpr, ParsedExpr
from segmentd.language.subject_message import SubjectMessage
from segmentd.time_zones import use_one_database

NOW: Final = "now"
MAX_DEPTH: Final = 32
"""The parser's own limit, which Python cannot raise."""

_TYPE_URL: Final = "type.googleapis.com/cel.expr."

_ORDERINGS: Final = {"_<_": "less", "_<=_": "less_equals", "_>_": "greater", "_>=_": "greater_equals"}
_SUFFIXES: Final = {
    "bool": "bool",
    "int": "int64",
    "uint": "uint64",
    "double": "double",
    "string": "string",
    "bytes": "bytes",
    "google.protobuf.Timestamp": "timestamp",
    "google.protobuf.Duration": "duration",
}
_MIXED: Final = (("int", "double"), ("double", "int"))


class OfficialRefusal(Exception):  # noqa: N818 - what it says, not that something broke
    """The official parser or checker refused a text; the argument is its report."""


@dataclass(frozen=True)
class OfficialEnvironment:
    """A CEL environment. Parsing, checking and loading may be called from several threads."""

    env: cel.Env

    def parse(self, text: str) -> ParsedExpr:
        """The parse tree, without any types. Raises OfficialRefusal."""
        return ParsedExpr.FromString(self._compile(text, unchecked=True))

    def check(self, text: str) -> CheckedExpr:
        """The checked tree. Raises OfficialRefusal."""
        return CheckedExpr.FromString(self._compile(text, unchecked=False))

    def load(self, tree: ParsedExpr | CheckedExpr) -> cel.Expression:
        """A tree, made ready to be evaluated."""
        packed = AnyMessage(type_url=_TYPE_URL + type(tree).__name__, value=tree.SerializeToString())
        return self.env.deserialize(packed.SerializeToString())

    def _compile(self, text: str, *, unchecked: bool) -> bytes:
        try:
            serialized = self.env.compile(text, disable_check=unchecked).serialize()
        except RuntimeError as error:
            raise OfficialRefusal(str(error)) from None
        return AnyMessage.FromString(serialized).value


def subject_environment(message: SubjectMessage) -> OfficialEnvironment:
    """The environment in which a subject's expressions are checked: its variable and `now`."""
    use_one_database()
    variables = {message.schema.variable: cel.Type(message.name), NOW: cel.Type.TIMESTAMP}
    env = cel.NewEnv(
        descriptor_pool=message.pool,
        config=_orderings_config(),
        variables=variables,
        extensions=[ExtStrings()],
        functions=_functions(message.schema.time_zone),
    )
    return OfficialEnvironment(env)


@lru_cache(maxsize=64)
def plain_environment(time_zone: str) -> OfficialEnvironment:
    """The environment in which parts of expressions are evaluated on plain values; any variable may be bound."""
    use_one_database()
    return OfficialEnvironment(cel.NewEnv(extensions=[ExtStrings()], functions=_functions(time_zone)))


@lru_cache(maxsize=1)
def _orderings_config() -> cel.EnvConfig:
    """Configuration that replaces the orderings by ones that also compare INT64 with DOUBLE, which the runtime can."""
    lines = ["name: ledger", "stdlib:", "  exclude_functions:", *(f"  - name: {sign}" for sign in _ORDERINGS)]
    lines.append("functions:")
    for sign, base in _ORDERINGS.items():
        lines += [f"- name: {sign}", "  overloads:"]
        pairs = [(name, name, f"{base}_{suffix}") for name, suffix in _SUFFIXES.items()]
        pairs += [(left, right, f"{base}_{_SUFFIXES[left]}_{_SUFFIXES[right]}") for left, right in _MIXED]
        for left, right, overload in pairs:
            lines += [f"  - id: {overload}", "    args:", f"    - type_name: {left}", f"    - type_name: {right}"]
            lines += ["    return:", "      type_name: bool"]
    return cel.NewEnvConfigFromYaml("\n".join(lines))


def _functions(time_zone: str) -> list[cel.FunctionDecl]:
    moment = cel.Type.TIMESTAMP
    between = [
        _function(name, overload, [moment, moment], cel.Type.INT, _in_zone(implementation, time_zone))
        for overload, (name, implementation) in CALENDAR_FUNCTIONS.items()
    ]
    date = _function("date", "string_to_date", [cel.Type.STRING], moment, partial(start_of_day, zone=time_zone))
    under = cel.Overload(IS_UNDER, cel.Type.BOOL, [cel.Type.STRING, cel.Type.STRING], is_member=True, impl=is_under)
    return [*between, date, cel.FunctionDecl("isUnder", [under])]


def _function(
    name: str, overload: str, parameters: list[cel.Type], returns: cel.Type, implementation: Callable[..., Any]
) -> cel.FunctionDecl:
    return cel.FunctionDecl(
        name, [cel.Overload(overload, return_type=returns, parameters=parameters, impl=implementation)]
    )


def _in_zone(
    implementation: Callable[[datetime, datetime, str], int], time_zone: str
) -> Callable[[datetime, datetime], int]:
    return lambda start, end: implementation(start, end, time_zone)
