"""Leads: the folded value of a lead, its identifiers, traits and suppressions, and the explanation of its scores."""
