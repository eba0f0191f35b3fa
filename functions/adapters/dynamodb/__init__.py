"""Reads and writes of the DynamoDB table, with items as plain Python values."""
