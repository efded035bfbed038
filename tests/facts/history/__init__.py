"""Tests of what records were before they were changed."""
