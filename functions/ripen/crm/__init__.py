"""What other systems are told about leads: events with a published form."""
