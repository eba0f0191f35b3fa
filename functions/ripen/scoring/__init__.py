"""Scores with decay, points within limits, personas, and trends of interest and usage."""
