"""Reps: whose lead a lead is, and who acts for it."""
