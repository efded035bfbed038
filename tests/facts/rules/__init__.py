"""Tests of rules of categories."""
