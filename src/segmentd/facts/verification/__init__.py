"""Verifying a ledger: its files, its totals, its balances against its transactions, its aggregates computed anew."""
