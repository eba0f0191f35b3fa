"""The fields that a condition may test; docs/reference/conditions.md and docs/reference/facts.md define each."""

EVENT_FIELDS = ("event", "properties", "context", "traits", "session", "lead")
"""The top-level fields. `traits` holds all traits of the lead, `session` the visit that contains the event."""

SESSION_FIELDS = ("number", "new", "events", "pages", "seconds")

LEAD_FIELDS = (
    "phase",
    "stage",
    "persona",
    "known",
    "days_known",
    "days_inactive",
    "visits",
    "pages",
    "seconds",
    "interests",
    "top_interest",
    "surges",
    "usage",
    "mails_sent",
    "mails_opened",
    "mails_clicked",
    "orders",
    "days_since_order",
    "repurchase_days",
    "repurchase_due",
    "contract_days_left",
    "subscribed",
    "confirmed",
    "opt_in",
    "rating",
    "language",
    "campaigns",
    "sales",
    "held",
)
"""Facts about the lead at the moment of the event."""

NAMED_LEAD_FIELDS = ("scores", "grades", "counts")
"""Groups of facts, keyed by the names in the rules: `lead.scores.engagement`."""

TOUCH_FIELDS = ("channel", "source", "medium", "campaign", "content", "term", "click_id", "referrer")
"""Parts of `lead.first_touch` and `lead.last_touch`."""
