"""The pages that colleagues see: the dossier of a lead, and the forms for decisions."""
