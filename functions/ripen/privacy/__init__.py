"""Consent, preferences of leads, erasure, and counts of page views without consent."""
