"""Tests of the status of a ledger's facts."""
