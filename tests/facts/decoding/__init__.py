"""Tests of decoding records."""
