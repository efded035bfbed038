"""Short scores, from a request's bytes to its answer's in one go."""
