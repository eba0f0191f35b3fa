"""The sales function: the dossier of a lead behind a signed link, and decisions about leads by page and by API."""
