"""StreamScores with the same values in narrower and narrower types: rows a second of each, for the same segments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.console import Console

from benchmarks.wire.exchange import check, fitting, score_run
from benchmarks.wire.figures import Figure, Target, alone, ratio
from benchmarks.wire.questions import Values, expected_planes, segments, whole_numbers
from benchmarks.wire.requests import COUNTS, STREAM_SCORES, raw_column, stream_bytes
from benchmarks.wire.servers import Pair, define, pair
from benchmarks.wire.turns import Taken, in_turn
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.schema import DOUBLE, INT64, STRING, DataType

ROWS: Final = 65_536
ROUNDS: Final = 7
STREAM_S: Final = 0.2
PAYS_OFF: Final = Target("≥", 1.0)
PREFIX: Final = "value"

Encode = Callable[[Values], features.Column]


@dataclass(frozen=True, slots=True)
class Family:
    """A type of attribute, how expressions write its values, and encodings, of which the first is the widest.

    Of the others, those that are `narrow` have to pay off.
    """

    name: str
    type: DataType
    literal: Callable[[int], str]
    encodings: Mapping[str, Encode]
    narrow: frozenset[str]


def _raw(dtype: npt.DTypeLike) -> Encode:
    return lambda values: raw_column("", values.astype(dtype))


def _packed_doubles(values: Values) -> features.Column:
    return features.Column(doubles=features.DoubleValues(values=values.tolist()))


def _varints(values: Values) -> features.Column:
    return features.Column(integers=features.IntegerValues(values=values.tolist()))


def _strings(values: Values) -> features.Column:
    return features.Column(strings=features.StringValues(values=[f"{value:02d}" for value in values.tolist()]))


def _dictionary(values: Values) -> features.Column:
    texts = [f"{value:02d}" for value in range(100)]
    return features.Column(dictionary=features.DictionaryValues(dictionary=texts, codes=values.tolist()))


FAMILIES: Final = (
    Family(
        "doubles",
        DOUBLE,
        lambda bound: f"{bound}.0",
        {"float64": _raw(np.float64), "float32": _raw(np.float32), "packed doubles": _packed_doubles},
        frozenset({"float32"}),
    ),
    Family(
        "integers",
        INT64,
        str,
        {f"int{8 * size}": _raw(f"i{size}") for size in (8, 4, 2, 1)} | {"varints": _varints},
        frozenset({"int32", "int16", "int8"}),
    ),
    Family(
        "texts",
        STRING,
        lambda bound: f'"{bound:02d}"',
        {"strings": _strings, "dictionary": _dictionary},
        frozenset({"dictionary"}),
    ),
)


def measure(directory: Path, progress: Console) -> Iterator[Figure]:
    """Each family of types. Raises WrongAnswerError before anything is timed."""
    values = whole_numbers(ROWS)
    expected = expected_planes(values)
    with pair(directory) as servers:
        for family in FAMILIES:
            progress.print(f"StreamScores, {family.name} of all widths")
            attributes = {f"{PREFIX}{index}": family.type for index in range(len(values))}
            expressions = {segment.id: segment.cel(PREFIX, family.literal) for segment in segments()}
            define(servers.ours.target, family.name, attributes, expressions)
            requests = {name: _request(family.name, values, encode) for name, encode in family.encodings.items()}
            for request in requests.values():
                check(servers.to_ours.exchange(STREAM_SCORES, request, 1), COUNTS, expected)
            yield from _figures(family, requests, _rates(servers, requests))


def _request(ledger: str, values: tuple[Values, ...], encode: Encode) -> bytes:
    columns = [encode(column) for column in values]
    for index, column in enumerate(columns):
        column.attribute = f"{PREFIX}{index}"
    return stream_bytes(ledger, features.FeatureBatch(columns=features.ColumnBatch(columns=columns)), COUNTS)


def _rates(servers: Pair, requests: Mapping[str, bytes]) -> Mapping[str, list[float]]:
    """Millions of rows a second with each request, round by round."""
    batches = {name: fitting(servers, request, STREAM_S) for name, request in requests.items()}
    runs = {name: score_run(servers, request, batches[name]) for name, request in requests.items()}
    taken = in_turn(runs, ROUNDS)
    rate = partial(_rate, taken, batches)
    return {name: rate(name) for name in requests}


def _rate(taken: Mapping[str, Taken], batches: Mapping[str, int], name: str) -> list[float]:
    return [batches[name] * ROWS / 1e6 / seconds for seconds in taken[name].seconds]


def _figures(family: Family, requests: Mapping[str, bytes], rates: Mapping[str, list[float]]) -> Iterator[Figure]:
    widest, *others = requests
    notes = {name: f"{len(request) / ROWS:.1f} bytes a row" for name, request in requests.items()}
    yield alone(f"StreamScores, {widest}", "M rows/s", rates[widest], note=notes[widest])
    for name in others:
        target = PAYS_OFF if name in family.narrow else None
        title = f"StreamScores, {name}"
        yield ratio(title, "M rows/s", rates[name], rates[widest], peer=widest, target=target, note=notes[name])
