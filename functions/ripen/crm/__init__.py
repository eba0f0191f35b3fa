"""Other systems: what they are told about leads, and the results that CRMs tell."""
