"""Sales: the decisions of people about leads, and what they mean for the lead."""
