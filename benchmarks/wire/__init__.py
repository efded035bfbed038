"""Benchmarks of the wire: what segmentd adds to a gRPC server that takes and gives as many bytes and does nothing."""
