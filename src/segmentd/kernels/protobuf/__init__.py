"""Protobuf read from bytes: requests split, vectors of features into columns."""
