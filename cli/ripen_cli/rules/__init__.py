"""`ripen rules`: check, pull, push, activate and roll back rules and mails; their versions and what is live."""
