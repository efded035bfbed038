"""Short scores: a request scanned, its program run on a word of rows, its answer written."""
