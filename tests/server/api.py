"""The API as tests call it: every method by name, with messages or with raw bytes, and its errors taken apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from segmentd.server.app import SERVICES

METHODS: dict[str, MethodDescriptor] = {method.name: method for service in SERVICES for method in service.methods}
"""Every method of the API by its name, which is unique over all services."""


@dataclass(frozen=True)
class Refusal:
    """What a caller learns of a failed call."""

    status: str
    reason: str
    fields: tuple[str, ...]
    message: str
    metadata: dict[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A call failed as `refusal` says."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class Api:
    """All methods of a server. `call` gives the one answer of a unary method, or the list of a stream's answers."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def call(self, method: str, request: Message | bytes | Iterable[Message | bytes], timeout_s: float = 30) -> Any:
        """The answer or answers. Raises RefusedError."""
        try:
            answer = self.start(method, request, timeout_s)
            return list(answer) if METHODS[method].server_streaming else answer
        except grpc.RpcError as error:
            raise RefusedError(refusal_of(error)) from error

    def start(self, method: str, request: Any, timeout_s: float = 30, *, future: bool = False) -> Any:
        """The call as gRPC gives it: of a stream, its answers as they come; else a future if `future` is set."""
        found = METHODS[method]
        path = f"/{found.containing_service.full_name}/{method}"
        kind = ("unary" if not found.client_streaming else "stream") + (
            "_stream" if found.server_streaming else "_unary"
        )
        answer_type = GetMessageClass(found.output_type)
        multicallable = getattr(self._channel, kind)(
            path, request_serializer=_serialize, response_deserializer=answer_type.FromString
        )
        call = multicallable.future if future else multicallable
        return call(iter(request) if found.client_streaming else request, timeout=timeout_s)

    def refusal(self, method: str, request: Any) -> Refusal:
        """How the call fails; AssertionError if it does not. A stream fails by its only answer too."""
        try:
            answer = self.call(method, request)
        except RefusedError as error:
            return error.refusal
        if METHODS[method].client_streaming and answer[0].HasField("error"):
            return refusal_from(answer[0].error)
        raise AssertionError(f"{method} was answered: {answer}")


def refusal_of(error: grpc.RpcError) -> Refusal:
    """A failed call, taken apart; without details where there are none."""
    trailers = dict(cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ()))
    packed = trailers.get("grpc-status-details-bin")
    if not isinstance(packed, bytes):
        return Refusal(error.code().name, "", (), error.details() or "")
    found = refusal_from(status_pb2.Status.FromString(packed))
    assert found.status == error.code().name
    return found


def refusal_from(status: status_pb2.Status) -> Refusal:
    """A status, taken apart."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for each in status.details:
        assert each.Unpack(info) or each.Unpack(bad)
    assert info.domain == "segmentd"
    codes = {code.value[0]: code.name for code in grpc.StatusCode}
    fields = tuple(violation.field for violation in bad.field_violations)
    return Refusal(codes[status.code], info.reason, fields, status.message, dict(info.metadata))


def _serialize(request: Message | bytes) -> bytes:
    return request if isinstance(request, bytes) else request.SerializeToString()
