"""Verifying a ledger."""
