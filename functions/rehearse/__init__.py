"""The rehearse function: one step of a rehearsal over all leads."""
