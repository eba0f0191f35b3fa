"""Mail addresses in normal form, their keys in the table, and the mailboxes they belong to."""
