"""Rehearsals: the past of leads once more under other rules, with a virtual clock and nothing sent."""
