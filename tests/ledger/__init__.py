"""Tests of ledgers and attributes."""
