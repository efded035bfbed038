"""Tests of segments, their catalogue and their definitions in files."""
