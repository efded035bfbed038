"""Answers from segments and data: score, evaluate and explain."""
