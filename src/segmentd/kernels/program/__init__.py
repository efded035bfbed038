"""The interpreter of programs: one loop, its operations, and the vectors that these are made of."""
