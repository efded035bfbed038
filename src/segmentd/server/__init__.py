"""The composition root of the gRPC service: configuration, handlers, guards around every call, health, logs."""
