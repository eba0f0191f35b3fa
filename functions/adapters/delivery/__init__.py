"""Delivery of mails, internal notifications and webhooks, with their send limits and rates."""
