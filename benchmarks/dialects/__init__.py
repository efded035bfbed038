"""One rule in the words of each engine."""
