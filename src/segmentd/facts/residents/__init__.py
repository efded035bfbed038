"""Customers and accounts of a book as populations to be scored, with aggregated attributes that are kept up to date."""
