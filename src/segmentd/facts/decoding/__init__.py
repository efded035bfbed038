"""From messages and Arrow data to batches of records, wrong rows told apart from wrong requests."""
