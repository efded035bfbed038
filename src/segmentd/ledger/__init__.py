"""Ledgers, their attributes and the facts in them."""
