"""Programs run over columns, block by block on a thread pool."""
