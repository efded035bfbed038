"""Facts through kernels: thin wrappers that know arrays, and nothing of books."""
