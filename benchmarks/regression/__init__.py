"""Whether this checkout is slower than another one: the same work done by both in turn."""
