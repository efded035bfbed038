"""Tests of the durable record of facts."""
