"""Checks of a whole configuration: unknown names, contradictions, dead ends and unreachable thresholds."""
