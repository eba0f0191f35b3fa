"""The trigger: from due leads to mails."""
