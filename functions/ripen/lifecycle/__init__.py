"""Lifecycles: compiled phases and transitions, and the course of a lead through them."""
