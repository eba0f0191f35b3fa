"""The scoring function: it folds ledgers into lead records."""
