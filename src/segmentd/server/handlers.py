"""From service descriptors to gRPC handlers that hand over a request's bytes as they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from segmentd.server.calls import Gate


def generic_handler(service: ServiceDescriptor, servicers: Sequence[object], gate: Gate) -> grpc.GenericRpcHandler:
    """The handler of all methods of a service; the first servicer that has a method of the same name does each.

    There is no deserializer: gRPC would answer bytes that are no message with a bare UNKNOWN. AttributeError if
    no servicer has a method, ValueError if a method takes a stream and gives one answer.
    """
    methods = {
        method.name: _method_handler(method, _servicer_of(method, servicers), gate) for method in service.methods
    }
    return grpc.method_handlers_generic_handler(service.full_name, methods)


def _servicer_of(method: MethodDescriptor, servicers: Sequence[object]) -> object:
    return next((each for each in servicers if hasattr(each, method.name)), servicers[0])


def _method_handler(method: MethodDescriptor, servicer: object, gate: Gate) -> grpc.RpcMethodHandler[Any, Any]:
    behaviour = getattr(servicer, method.name)
    path = f"/{method.containing_service.full_name}/{method.name}"
    match (method.client_streaming, method.server_streaming):
        case (False, False):
            return grpc.unary_unary_rpc_method_handler(gate.unary(path, behaviour), response_serializer=_serialize)
        case (False, True):
            return grpc.unary_stream_rpc_method_handler(
                gate.server_stream(path, behaviour), response_serializer=_serialize
            )
        case (True, True):
            return grpc.stream_stream_rpc_method_handler(
                gate.bidirectional(path, behaviour), response_serializer=_serialize
            )
    raise ValueError(f"{path} takes a stream and gives one answer, and no handler does that")


def _serialize(response: Message | bytes) -> bytes:
    """The bytes of a response; of a large one the servicer has made them already, off the event loop."""
    return response if isinstance(response, bytes) else response.SerializeToString()
