"""Pydantic models of the rule files: one module a file, and the types that they share."""
