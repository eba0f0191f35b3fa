"""The scoring function: from the ledger to the lead record."""
