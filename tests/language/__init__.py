"""Tests of CEL text → typed tree."""
