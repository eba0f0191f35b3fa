"""The fold from a lead's events to the lead: compiled rules, state, scoring, transitions, enrollment and runs."""
