"""Snapshots: who was in which segment at a moment, kept under a name and compared."""
