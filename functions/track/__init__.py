"""The tracking function: from the internet into the ledger."""
