"""Bulk imports: files, mapped to records, written batch by batch by jobs that survive a crash."""
