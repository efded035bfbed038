"""The naive official answer: CEL's own evaluator, a row at a time, and generators of what to ask it."""
