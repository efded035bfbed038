"""Requests as bytes: what is read from them is what protobuf's own parser reads."""
