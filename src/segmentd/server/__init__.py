"""The composition root of the gRPC service, with its interceptors and health."""
