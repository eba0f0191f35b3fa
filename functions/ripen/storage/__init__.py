"""The layout of the table as values: ledger items, lead records, merged leads, checkpoints, claims and scans."""
