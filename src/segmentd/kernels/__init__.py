"""Compiled loops over raw arrays, the only importer of Numba."""
