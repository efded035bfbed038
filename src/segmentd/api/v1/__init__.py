"""Generated stubs of the protobuf package `segmentd.api.v1`; edit `protos/` and run `make protos`."""
