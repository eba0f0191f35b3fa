"""The tracking function: receives events and page requests over HTTP and writes events to the ledger."""
