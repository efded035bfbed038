"""Kernels over facts: what a ledger keeps of accounts, transactions, balances and engagements."""
