"""Campaigns: compiled rules and steps, the progress of a lead, frequency caps, and the choice of content."""
