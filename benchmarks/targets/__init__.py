"""What the hot path is held to, each measured beside the best peer or beside ourselves."""
