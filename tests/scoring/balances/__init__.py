"""Balances of accounts, summed up."""
