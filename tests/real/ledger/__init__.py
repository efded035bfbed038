"""The ledger proved on the real bank: its facts loaded through the API, its answers beside SQL written by hand."""
