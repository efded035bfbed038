"""Tests of the kernels beside their naive twins."""
