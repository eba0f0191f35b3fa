"""Messages: the mail context, the handoff payload, names that a mail may show, and send limits."""
