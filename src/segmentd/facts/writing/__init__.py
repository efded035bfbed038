"""WriteRecords: streams of batches, let in ledger by ledger, decoded on workers, written and answered in order."""
