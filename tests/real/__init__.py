"""A real bank's customers: segments answered by the service and by hand-written SQL."""
