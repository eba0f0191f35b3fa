"""The command `ripen rules rehearse`: what other rules would have done with the leads of the last months."""
