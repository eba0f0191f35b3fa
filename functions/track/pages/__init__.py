"""The pages that mails link to: unsubscribe, preferences, double opt-in, feedback, and the honeypot link."""
