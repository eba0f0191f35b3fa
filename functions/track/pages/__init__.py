"""The pages behind links of mails: unsubscribe, preferences, confirmation, feedback, and the link that nobody sees."""
