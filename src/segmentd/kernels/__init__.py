"""Compiled loops over raw arrays: 64 rows a word, 4,096 rows a block. The only importer of Numba."""
