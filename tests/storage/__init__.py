"""Tests of the data directory and its database."""
