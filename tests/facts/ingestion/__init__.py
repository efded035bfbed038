"""Tests of the way of batches into ledgers."""
