"""Leads in the table: loading and saving records, claims of intents, merges, public profiles, quarantine and scans."""
