"""Scenarios of leads before their first order, and of lost leads: at least one for each campaign.

A story begins on a Monday at nine in Berlin. Most leads in it asked for mails on that day and confirmed their address.
"""

from __future__ import annotations

from programmes import Story, interested, known, subscriber, visitor, warm

READ = {"path": "/solutions/quoting"}
TRIED = {"tool": "quoting-time"}
ASKED = {"newsletter": True, "asset": "e-book"}
TALKED = {"webinar": "eleven-minutes"}
CLICKS = [
    (day + hour / 24, "Email Link Clicked", {"category": "knowledge", "link": f"https://www.example.com/{day}/{hour}"})
    for day in range(3, 8)
    for hour in (1, 2, 3)
]
"""Fifteen links, followed one by one: 150 points."""

STORIES = (
    # ---- awareness
    Story(
        "product-placement",
        "a visitor is shown the part of the product that fits what is read",
        visitor,
        [(0.01, "Page Viewed", {"path": "/lp/webinar"})],
        10,
        shown=["product-quoting"],
    ),
    # ---- information
    Story(
        "workshop-overlay",
        "at 25 points a workshop is recommended whose agenda fits",
        visitor,
        [(day, "Tool Used", {"tool": "lost-enquiries"}) for day in (1, 1.01, 1.02, 1.03, 1.04, 2)],
        10,
        shown=["product-enquiries", "workshop-enquiries"],
    ),
    Story(
        "workshop-overlay",
        "once the persona of somebody who came back is known, the score does not matter",
        visitor,
        [(1, "Tool Used", TRIED)],
        10,
        shown=["workshop-quoting", "product-quoting"],
    ),
    Story(
        "double-opt-in",
        "whoever asks for mails is asked once to confirm the address",
        known,
        [(0, "Newsletter Requested", {}), (0.1, "Newsletter Requested", {})],
        30,
        [(0, "confirm-subscription")],
    ),
    Story(
        "double-opt-in",
        "a box that was ticked at a sign-up is such a wish, too; a confirmed address is not asked again",
        subscriber,
        [(9, "Signed Up", ASKED)],
        30,
        [(0, "confirm-subscription")],
    ),
    Story(
        "double-opt-in",
        "who signs up without asking for mails is not asked",
        known,
        [(1, "Signed Up", {"asset": "workshop"})],
        30,
    ),
    Story("welcome", "thanks, with something to start with", subscriber, [], 30, [(0, "welcome")]),
    Story(
        "ripening",
        "three pieces of content, a week or more apart",
        interested,
        [],
        60,
        [(7, "ripening-guide"), (14, "ripening-tool"), (24, "ripening-closer-look")],
    ),
    Story(
        "ripening",
        "it ends when the lead is ripe for a conversation",
        interested,
        [(8, "Signed Up", {}), (8.1, "Webinar Attended", TALKED), *[(9, "Tool Used", TRIED)] * 5],
        60,
        [(7, "ripening-guide")],
    ),
    Story(
        "top-of-mind",
        "a month of silence, and there is a reminder, then an invitation",
        interested,
        [],
        120,
        [(31, "top-of-mind"), (63, "webinar-invitation")],
    ),
    Story(
        "top-of-mind",
        "who comes back is left alone",
        interested,
        [(40, "Page Viewed", READ)],
        65,
        [(31, "top-of-mind")],
    ),
    Story(
        "newsletter",
        "one topic a month, as long as there is a new one",
        interested,
        [],
        170,
        [(2, "newsletter"), (35, "newsletter"), (65, "newsletter"), (93, "newsletter")],
    ),
    # ---- consultation
    Story(
        "workshop-agenda",
        "the agenda comes at once, to whoever keeps a seat",
        known,
        [(5, "Signed Up", {"asset": "workshop"})],
        30,
        [(5, "workshop-agenda")],
    ),
    Story(
        "personal-note",
        "at 150 points sales writes, after the webinar",
        subscriber,
        [(1, "Webinar Attended", TALKED), (1, "Signed Up", {}), *CLICKS],
        30,
        [(7, "personal-note")],
    ),
    Story(
        "personal-note",
        "sales does not write to somebody who got in touch before",
        subscriber,
        [(1, "Webinar Attended", TALKED), (1, "Signed Up", {}), (2, "Contact Requested", {}), *CLICKS],
        30,
    ),
    Story(
        "sales-handoff",
        "in parallel the lead is handed over",
        subscriber,
        [(1, "Webinar Attended", TALKED), (1, "Signed Up", {}), *CLICKS],
        30,
        [(7, "sales")],
    ),
    Story(
        "contact-request",
        "sales hears at once from whoever gets in touch",
        known,
        [(2, "Demo Requested", {})],
        10,
        [(2, "sales")],
    ),
    # ---- loss and reactivation of leads who never bought
    Story(
        "restore-contact",
        "two last mails to a lead that was lost after half a year of silence",
        warm,
        [],
        400,
        [(210, "still-there"), (270, "last-note")],
    ),
    Story(
        "welcome-back",
        "who comes back after a long time is offered something that fits",
        warm,
        [(200, "Page Viewed", READ)],
        230,
        [(203, "welcome-back")],
    ),
)
