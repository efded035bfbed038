"""Erasing customers: their facts, what else tells of them, and then every byte of it."""
