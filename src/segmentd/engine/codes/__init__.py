"""Codes of resident columns: what gets them, and how they are made."""
