"""Typed trees to one linear program with shared conditions."""
