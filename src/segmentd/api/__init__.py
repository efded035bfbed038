"""The gRPC interface as generated stubs, one folder a version."""
