"""What a condition may look at, beside the parts of the event itself. Their meaning: docs/reference/facts.md."""

EVENT_FIELDS = ("event", "properties", "context", "traits", "session", "lead")
"""`traits` are all that is known of the lead, `session` is the visit in which the event happened."""

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
    "rating",
    "language",
    "campaigns",
)
"""Facts about the lead as of the event."""

NAMED_LEAD_FIELDS = ("scores", "grades", "counts")
"""Facts that there are several of, each under the name that the rules gave it: `lead.scores.engagement`."""

TOUCH_FIELDS = ("channel", "source", "medium", "campaign", "content", "term", "click_id", "referrer")
"""Parts of `lead.first_touch` and `lead.last_touch`."""
