"""Results from a CRM: their form, and the forms in which CRMs and spreadsheets write them."""
