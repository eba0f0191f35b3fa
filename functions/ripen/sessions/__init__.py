"""Visits, the touches that led to them, and the channel groups of touches."""
