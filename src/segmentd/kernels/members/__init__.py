"""Members out of planes, and the bytes of the messages that say who they are."""
