"""Aggregated attributes: values, windows, and what is kept up to date."""
