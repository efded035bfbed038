"""Errors as statuses: complete where they are short, cut where a trailer would not hold them."""

from __future__ import annotations

import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2

from segmentd.api.v1 import error_reason_pb2
from segmentd.errors import DOMAIN, ErrorReason, FieldViolation, SegmentdError, Status
from segmentd.server.status import MAX_STATUS_BYTES, clip, to_status


class ExampleError(SegmentdError):
    """An error of two dynamic parts."""

    reason = ErrorReason.RAGGED_COLUMNS
    status = Status.FAILED_PRECONDITION


def details(status: status_pb2.Status) -> tuple[error_details_pb2.ErrorInfo, error_details_pb2.BadRequest]:
    """The two details of a status; one that is absent is empty."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for each in status.details:
        each.Unpack(info) or each.Unpack(bad)
    return info, bad


def test_a_status_has_reason_domain_metadata_and_fields() -> None:
    """ErrorInfo has the reason, the domain and the metadata, BadRequest the fields with the same reason."""
    error = ExampleError("it is wrong", fields=(FieldViolation("a.b[1]", "has to be 3"),), rows=3, name="x")
    status = to_status(error)
    info, bad = details(status)
    assert (status.code, status.message) == (code_pb2.FAILED_PRECONDITION, "it is wrong")
    assert (info.reason, info.domain, dict(info.metadata)) == ("RAGGED_COLUMNS", DOMAIN, {"rows": "3", "name": "x"})
    assert [(each.field, each.description, each.reason) for each in bad.field_violations] == [
        ("a.b[1]", "has to be 3", "RAGGED_COLUMNS")
    ]


def test_metadata_without_a_value_are_left_out() -> None:
    """What is None or an empty text is no metadata; a zero is."""
    error = ExampleError("it is wrong", nearest=None, name="", row=0, empty=())
    assert dict(error.metadata) == {"row": "0", "empty": "()"}


def test_a_status_without_wrong_fields_has_no_bad_request() -> None:
    """Where no field is at fault, ErrorInfo is the only detail."""
    assert len(to_status(ExampleError("it is wrong")).details) == 1


@pytest.mark.parametrize("letter", ["x", "ř", "𝕏"])
def test_a_long_error_fits_a_trailer(letter: str) -> None:
    """However long message, metadata and fields are, the status fits and keeps its reason and its fields' number."""
    long = letter * 100_000
    fields = tuple(FieldViolation(long, long) for _ in range(40))
    metadata = {f"key{index}": long for index in range(40)}
    status = to_status(ExampleError(long, fields=fields, **metadata))
    info, bad = details(status)
    assert status.ByteSize() <= MAX_STATUS_BYTES
    assert info.reason == "RAGGED_COLUMNS"
    assert len(bad.field_violations) == 16


def test_a_clipped_text_ends_between_code_points() -> None:
    """A text is cut to whole code points, with an ellipsis, within the limit."""
    assert clip("ab", 10) == "ab"
    assert clip("řřřřřř", 10) == "řřř…"
    assert clip("\ud800", 10) == "?"


def test_every_status_is_a_canonical_code() -> None:
    """Each of our statuses is the name of a `google.rpc.Code`."""
    assert {status.value for status in Status} <= set(code_pb2.Code.keys())


def test_the_proto_lists_every_reason() -> None:
    """`error_reason.proto` has exactly the reasons of the code, in the same order, after UNSPECIFIED."""
    names = [name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.keys()]  # noqa: SIM118
    assert names == ["UNSPECIFIED", *(reason.value for reason in ErrorReason)]
