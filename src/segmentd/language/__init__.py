"""CEL text to typed trees, the only importer of the CEL library."""
