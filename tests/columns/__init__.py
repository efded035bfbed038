"""Columns, against naive twins."""
