"""Facts: records of customers, accounts and what happened on them, durable, in versions, aggregated exactly."""
