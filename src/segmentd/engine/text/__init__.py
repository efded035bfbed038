"""Text: distinct values, and what is worked out for each of them."""
