"""Calls of CRMs: results of leads."""
