"""The status of a ledger's facts: how many there are, since when, and what is on disk of them."""
