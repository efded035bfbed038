"""Balances of accounts, summed up by segment, kind, currency, institution, attribute and month."""
