"""Adapters of the tracking function: source registry, public configuration, rate counters, bots and mail replies."""
