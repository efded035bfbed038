"""The SQL database that definitions lie in: engine, transactions and migrations."""
