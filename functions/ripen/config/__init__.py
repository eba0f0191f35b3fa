"""The configuration that marketers write (rules and mails): its models, upload limits and public part."""
