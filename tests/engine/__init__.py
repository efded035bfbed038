"""Tests of planning and evaluation."""
