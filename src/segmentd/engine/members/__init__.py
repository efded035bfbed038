"""Members out of planes: rows, ids, lists, bitmaps, messages."""
