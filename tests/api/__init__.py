"""Tests of what all requests have in common."""
