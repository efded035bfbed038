"""Typed columns with validity, dictionaries, bit planes, batches and blocks."""
