"""Versions of the rules: what changed between two of them, in sentences about rules."""
