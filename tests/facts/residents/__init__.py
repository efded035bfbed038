"""Tests of resident customers and accounts."""
