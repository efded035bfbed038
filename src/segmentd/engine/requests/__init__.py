"""Vectors of features, from the bytes of a request to columns."""
