"""`ripen rules`: check, rehearse, pull, push, activate and roll back rules and mails; their versions; what is live."""
