"""The gRPC interface: stubs, a folder a version, and what all servicers read: names, masks, pages, limits, errors."""
