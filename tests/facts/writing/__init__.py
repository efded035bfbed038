"""Tests of writing records over the API."""
