"""Arrow IPC streams from callers: bounded before they are unpacked, and never a crash."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.columns.arrow import batch_from_arrow
from segmentd.columns.build import RowLimit
from segmentd.columns.column import TextColumn
from segmentd.columns.errors import ColumnError
from segmentd.columns.ipc import read_arrow_stream
from segmentd.errors import ErrorReason
from segmentd.schema import BOOL, DOUBLE, INT64, LIST, STRING, TIMESTAMP, AttributeSpec
from tests.columns.naive import CENTS, schema_of

LIMIT = RowLimit(1_000)
ROWS = 100
TABLE = pa.table(
    {
        "id": [f"c{row}" for row in range(ROWS)],
        "n": pa.array(range(ROWS), pa.int32()),
        "d": pa.array([1.5, None] * 50),
        "b": pa.array([True, None] * 50),
        "t": pa.array([1, None] * 50, pa.timestamp("ms")),
        "m": pa.array([1, None] * 50, pa.decimal128(12, 2)),
        "s": pa.array(["x", "y", None, "é"] * 25).dictionary_encode(),
        "v": pa.array(["a text that no view holds itself", "y", None, ""] * 25, pa.string_view()),
        "l": pa.array([["a", "b"], [], None, ["c"]] * 25, pa.list_(pa.string())),
        "w": pa.array([["a", "b"], [], None, ["c"]] * 25, pa.large_list(pa.string_view())),
        "f": pa.array([["a", "b"], None] * 50, pa.list_(pa.string(), 2)),
    }
)
SCALARS = {"n": INT64, "d": DOUBLE, "b": BOOL, "t": TIMESTAMP, "m": CENTS, "s": STRING, "v": STRING}
SCHEMA = schema_of(*(AttributeSpec(name, type_) for name, type_ in {**SCALARS, **dict.fromkeys("lwf", LIST)}.items()))


def stream_of(table: pa.Table, compression: str | None = None, batch_rows: int = 40) -> bytes:
    """A table as an IPC stream of batches."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=batch_rows)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def refusal(data: bytes, limit: RowLimit = LIMIT, max_bytes: int = 1 << 28) -> ColumnError:
    """The error that bytes are refused with."""
    with pytest.raises(ColumnError) as caught:
        read_arrow_stream(data, limit=limit, max_bytes=max_bytes)
    return caught.value


@pytest.mark.parametrize("compression", [None, "zstd", "lz4"])
def test_a_stream_is_read_compressed_or_not(compression: str | None) -> None:
    """All record batches of the stream are the table that was written."""
    table = read_arrow_stream(stream_of(TABLE, compression), limit=LIMIT)
    assert table.to_pydict() == TABLE.to_pydict()
    assert batch_from_arrow(table, SCHEMA).rows == ROWS


@pytest.mark.parametrize("data", [b"", b"garbage", bytes(64), b"ARROW1\0\0" + bytes(100), b"\xff" * 1000])
def test_garbage_is_malformed(data: bytes) -> None:
    """Bytes that are no stream, and a stream that is cut off, have the reason MALFORMED_ARROW and one line of why."""
    error = refusal(data)
    assert error.reason is ErrorReason.MALFORMED_ARROW
    assert "\n" not in error.message


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9])
def test_a_stream_that_is_cut_off_is_malformed(share: float) -> None:
    """A stream that ends within a message is refused."""
    data = stream_of(TABLE)
    assert refusal(data[: int(len(data) * share)]).reason is ErrorReason.MALFORMED_ARROW


@pytest.mark.parametrize("rest", [b"x", bytes(8), stream_of(TABLE)])
def test_bytes_after_the_end_are_malformed(rest: bytes) -> None:
    """What follows the end of a stream, another stream too, is refused and not left out."""
    error = refusal(stream_of(TABLE) + rest)
    assert error.reason is ErrorReason.MALFORMED_ARROW
    assert f"of {len(stream_of(TABLE)) + len(rest)} bytes" in error.message


def test_a_stream_may_end_without_saying_so() -> None:
    """The mark of the end, eight bytes, may be left out."""
    assert read_arrow_stream(stream_of(TABLE)[:-8], limit=LIMIT).num_rows == ROWS


def test_a_stream_without_rows_is_empty() -> None:
    """A schema alone is no batch."""
    assert refusal(stream_of(TABLE.slice(0, 0))).reason is ErrorReason.EMPTY_BATCH


def test_rows_are_counted_before_they_are_made() -> None:
    """A stream of a few bytes that says it has a million rows of nothing is refused."""
    error = refusal(stream_of(pa.table({"n": pa.nulls(10_000)})))
    assert (error.reason, error.metadata["rows"]) == (ErrorReason.TOO_MANY_ROWS, "10000")


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(compression: str) -> None:
    """Forty megabytes of zeros that come as a few kilobytes count as what they unpack to."""
    before = pa.total_allocated_bytes()
    data = stream_of(pa.table({"d": np.zeros(5_000_000)}), compression, batch_rows=1_000_000)
    error = refusal(data, RowLimit(10_000_000), max_bytes=30_000_000)
    assert len(data) < 1_000_000
    assert (error.reason, error.metadata["size_bytes"]) == (ErrorReason.MESSAGE_TOO_LARGE, "40000000")
    assert pa.total_allocated_bytes() - before < 10_000_000


def test_names_that_are_no_utf8_are_malformed() -> None:
    """A field's name is text."""
    data = stream_of(pa.table({"naaame": [1]})).replace(b"naaame", b"na\xffame")
    assert refusal(data).reason is ErrorReason.MALFORMED_ARROW


@pytest.mark.fuzz
@settings(max_examples=400)
@given(
    st.sampled_from([None, "zstd", "lz4"]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), min_size=1, max_size=20),
    st.floats(0.05, 1),
)
def test_a_damaged_stream_gives_a_batch_or_an_error(
    compression: str | None, damages: list[tuple[float, bytes]], share: float
) -> None:
    """Whatever bytes are changed or cut off, reading ends with a batch or a ColumnError: no crash, nothing else."""
    data = bytearray(STREAMS[compression])
    for place, damage in damages:
        start = int(place * len(data))
        data[start : start + len(damage)] = damage
    kept = bytes(data[: int(share * len(data))]) if share < 0.3 else bytes(data)
    try:
        assert batch_from_arrow(read_arrow_stream(kept, limit=LIMIT), SCHEMA).rows <= LIMIT.most
    except ColumnError as error:
        assert error.reason is not ErrorReason.INTERNAL  # noqa: PT017 - both ends are right


STREAMS = {compression: stream_of(TABLE, compression) for compression in (None, "zstd", "lz4")}


def test_ids_that_are_no_utf_8_are_refused() -> None:
    """Bytes that only claim to be text are an invalid value of the id column, in every form of text."""
    for kind in (pa.string(), pa.large_string()):
        offsets = pa.array([0, 1, 3], pa.int32() if kind == pa.string() else pa.int64()).buffers()[1]
        ids = pa.Array.from_buffers(kind, 2, [None, offsets, pa.py_buffer(b"a\x80b")])
        with pytest.raises(ColumnError) as refused:
            batch_from_arrow(pa.table({"id": ids}), SCHEMA, id_field="id")
        assert refused.value.reason is ErrorReason.INVALID_VALUE


def dictionaries_stream(*, deltas: bool, last: list[str]) -> bytes:
    """A stream of two batches with the dictionaries `["a", "b"]` and `last`."""
    schema = pa.schema({"s": pa.dictionary(pa.int32(), pa.string())})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        for texts in (["a", "b"], last):
            array = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array(texts))
            writer.write_batch(pa.record_batch([array], schema=schema))
    data: bytes = sink.getvalue().to_pybytes()
    return data


@pytest.mark.parametrize(("deltas", "last"), [(True, ["a", "b", "c"]), (False, ["x", "y"])])
def test_a_dictionary_comes_once(deltas: bool, last: list[str]) -> None:  # noqa: FBT001 - of a parametrisation
    """A dictionary that is replaced or added to is malformed: it would be copied with every message."""
    error = refusal(dictionaries_stream(deltas=deltas, last=last))
    assert error.reason is ErrorReason.MALFORMED_ARROW
    assert "comes more than once" in error.message


def test_batches_may_share_a_dictionary() -> None:
    """A dictionary that stays the same is sent once, and is that of all batches."""
    table = read_arrow_stream(dictionaries_stream(deltas=False, last=["a", "b"]), limit=LIMIT)
    assert table["s"].to_pylist() == ["a", "b", "a", "b"]


def test_messages_are_bounded() -> None:
    """A stream of very many empty batches is malformed."""
    empty = stream_of(pa.table({"n": pa.array([], pa.int8())}))[:-8]
    one = stream_of(pa.table({"n": pa.array([1], pa.int8())}))
    error = refusal(empty + one[len(empty) : -8] * ((1 << 16) + 1), RowLimit(1 << 20))
    assert (error.reason, "more than 65536 messages" in error.message) == (ErrorReason.MALFORMED_ARROW, True)


def test_a_buffer_of_views_may_be_longer_than_they_are() -> None:
    """Bytes behind the last view, of any number, are not read."""
    given = pa.array(["a text that no view holds itself", "y"], pa.string_view())
    validity, views, *data = given.buffers()
    longer = pa.py_buffer(views.to_pybytes() + b"12345")
    table = pa.table({"v": pa.Array.from_buffers(pa.string_view(), 2, [validity, longer, *data])})
    column = batch_from_arrow(table, SCHEMA).columns["v"]
    assert isinstance(column, TextColumn)
    assert column.dictionary.to_pylist() == given.to_pylist()


@pytest.mark.parametrize("chunks", [1, 2])
@pytest.mark.parametrize("name", ["v", "w", "id"])
def test_what_views_show_is_bounded(name: str, chunks: int) -> None:
    """Views of a request that show the same megabytes again and again are refused before they are copied."""
    rows = 300
    text = pa.array(["x" * (1 << 20)], pa.string_view())
    _, view, data = text.buffers()
    texts = pa.Array.from_buffers(pa.string_view(), rows, [None, pa.py_buffer(view.to_pybytes()[:16] * rows), data])
    lists = pa.LargeListArray.from_arrays(pa.array(range(rows + 1), pa.int64()), texts)
    whole = lists if name == "w" else texts
    with pytest.raises(ColumnError) as refused:
        batch_from_arrow(pa.table({name: pa.chunked_array([whole] * chunks)}), SCHEMA, id_field="id")
    limit = 1 << 26 if name == "id" else 1 << 28
    assert refused.value.reason is ErrorReason.MESSAGE_TOO_LARGE
    assert refused.value.metadata["limit_bytes"] == str(limit)
