"""What customers' and accounts' records were before they were changed: evaluation as of a past moment."""
