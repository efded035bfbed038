"""The Python client of the gRPC service."""
