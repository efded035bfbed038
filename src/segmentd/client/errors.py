"""A failed call as one exception: status, reason, the fields at fault, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2

from segmentd.errors import FieldViolation

DETAILS_KEY: Final = "grpc-status-details-bin"
"""The trailing metadata in which gRPC sends a `google.rpc.Status`."""

ADVICE: Final[Mapping[str, str]] = {
    "TOO_MANY_ROWS": "send fewer rows in a batch",
    "LEDGER_NOT_FOUND": "create the ledger, or name another one",
    "IMPORT_JOB_NOT_FOUND": "name one of those that `segmentd ledger jobs` or `list_import_jobs` lists",
    "ETAG_MISMATCH": "read the resource again and repeat the change",
    "ATTRIBUTE_TYPE_MISMATCH": "give the column values of that type",
    "ATTRIBUTE_IN_USE": "change or delete what uses it first",
    "SEGMENT_IN_USE": "change or delete the segments that refer to it first",
    "DEFAULT_REQUIRED": "give a default, or make the attribute nullable",
    "OVERLOADED": "call again after a pause, longer from try to try, or send many requests on one stream",
    "NOT_READY": "try again once the server has said that it is ready",
    "UNAVAILABLE": "start a server with `segmentd serve`, or check the address and TLS",
    "DEADLINE_EXCEEDED": "give the client larger timeouts, or ask for less",
    "UNIMPLEMENTED": "check that the address is that of a segmentd server of this version",
}
"""What to do about an error, by its reason or, without one, by its status."""


class SegmentdCallError(Exception):
    """A call that failed, or one batch of a stream.

    `status` is the gRPC status code's name (`INVALID_ARGUMENT`), `reason` the ErrorReason's name (`UNKNOWN_ATTRIBUTE`)
    or "" where the failure did not come from segmentd, `metadata` the dynamic parts of the message, `fields` the
    wrong fields of the request. The text of the exception ends with what to do, where that is known.
    """

    def __init__(self, status: str, message: str, *, reason: str = "") -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.metadata: Mapping[str, str] = {}
        self.fields: tuple[FieldViolation, ...] = ()
        super().__init__(message)

    @property
    def advice(self) -> str:
        """What to do next; "" where nothing better is known than what the message says."""
        return ADVICE.get(self.reason) or ADVICE.get(self.status, "")

    def __str__(self) -> str:
        first, *rest = self.message.splitlines() or [""]
        lines = [f"{first} [{self.reason or self.status}]", *rest]
        untold = (violation for violation in self.fields if violation.description not in self.message)
        lines += [f"  {violation.field}: {violation.description}" for violation in untold]
        return "\n".join([*lines, f"  {self.advice}"] if self.advice else lines)


class ServerUnreachableError(SegmentdCallError):
    """No server answered at the target."""


def read_status(status: status_pb2.Status) -> SegmentdCallError:
    """The error that a `google.rpc.Status` tells."""
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        if not detail.Unpack(info):
            detail.Unpack(bad_request)
    error = SegmentdCallError(code_pb2.Code.Name(status.code), status.message, reason=info.reason)
    error.metadata = dict(info.metadata)
    error.fields = tuple(FieldViolation(wrong.field, wrong.description) for wrong in bad_request.field_violations)
    return error


def read_failure(failure: Any, target: str) -> SegmentdCallError:
    """The error that gRPC's exception tells, synchronous or asyncio; `target` is named where nobody answered."""
    for key, value in failure.trailing_metadata() or ():
        if key == DETAILS_KEY:
            return read_status(status_pb2.Status.FromString(value))
    code: grpc.StatusCode = failure.code()
    details = failure.details() or code.name
    if code is grpc.StatusCode.UNAVAILABLE:
        return ServerUnreachableError(code.name, f"no server answers at {target}: {details}")
    return SegmentdCallError(code.name, details)
