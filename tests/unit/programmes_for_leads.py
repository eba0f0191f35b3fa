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
        "a visitor sees the part of the product that fits the pages read",
        visitor,
        [(0.01, "Page Viewed", {"path": "/lp/webinar"})],
        10,
        shown=["product-quoting"],
    ),
    # ---- information
    Story(
        "workshop-overlay",
        "a workshop with a fitting agenda is recommended at 25 points",
        visitor,
        [(day, "Tool Used", {"tool": "lost-enquiries"}) for day in (1, 1.01, 1.02, 1.03, 1.04, 2)],
        10,
        shown=["product-enquiries", "workshop-enquiries"],
    ),
    Story(
        "workshop-overlay",
        "a returning visitor with a known persona needs no score",
        visitor,
        [(1, "Tool Used", TRIED)],
        10,
        shown=["workshop-quoting", "product-quoting"],
    ),
    Story(
        "double-opt-in",
        "a lead who requests mails is asked once to confirm the address",
        known,
        [(0, "Newsletter Requested", {}), (0.1, "Newsletter Requested", {})],
        30,
        [(0, "confirm-subscription")],
    ),
    Story(
        "double-opt-in",
        "a ticked box at a sign-up is a request too; a confirmed address is not asked again",
        subscriber,
        [(9, "Signed Up", ASKED)],
        30,
        [(0, "confirm-subscription")],
    ),
    Story(
        "double-opt-in",
        "a lead who signs up without requesting mails is not asked",
        known,
        [(1, "Signed Up", {"asset": "workshop"})],
        30,
    ),
    Story("welcome", "a confirmed subscriber gets thanks and first content", subscriber, [], 30, [(0, "welcome")]),
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
        "it ends when the lead is ready for a conversation",
        interested,
        [(8, "Signed Up", {}), (8.1, "Webinar Attended", TALKED), *[(9, "Tool Used", TRIED)] * 5],
        60,
        [(7, "ripening-guide")],
    ),
    Story(
        "top-of-mind",
        "after a month of inactivity there is a reminder, then an invitation",
        interested,
        [],
        120,
        [(31, "top-of-mind"), (63, "webinar-invitation")],
    ),
    Story(
        "top-of-mind",
        "a returning lead gets no further mail",
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
        "a lead who signs up for the workshop gets the agenda at once",
        known,
        [(5, "Signed Up", {"asset": "workshop"})],
        30,
        [(5, "workshop-agenda")],
    ),
    Story(
        "personal-note",
        "sales writes at 150 points, after the webinar",
        subscriber,
        [(1, "Webinar Attended", TALKED), (1, "Signed Up", {}), *CLICKS],
        30,
        [(7, "personal-note")],
    ),
    Story(
        "personal-note",
        "sales does not write to a lead who contacted it before",
        subscriber,
        [(1, "Webinar Attended", TALKED), (1, "Signed Up", {}), (2, "Contact Requested", {}), *CLICKS],
        30,
    ),
    Story(
        "sales-handoff",
        "the lead is handed over in parallel",
        subscriber,
        [(1, "Webinar Attended", TALKED), (1, "Signed Up", {}), *CLICKS],
        30,
        [(7, "sales")],
    ),
    Story(
        "contact-request",
        "sales is notified at once of a contact request",
        known,
        [(2, "Demo Requested", {})],
        10,
        [(2, "sales")],
    ),
    Story(
        "contact-request",
        "a lead that sales has given back until a day is no new lead, but sales hears of its request",
        known,
        [
            (2, "Demo Requested", {}),
            (3, "Lead Returned", {"reason": "too-early", "until": "2026-06-01"}),
            (5, "Contact Requested", {}),
        ],
        30,
        [(2, "sales"), (5, "asks-again")],
    ),
    Story(
        "sales-decision",
        "a reminder, another rep and the head of sales follow a handoff about which nobody decides",
        known,
        [(2, "Demo Requested", {})],
        30,
        [(3, "remind"), (7, "reassign"), (9, "escalate")],
    ),
    Story(
        "sales-decision",
        "a decision ends it",
        known,
        [(2, "Demo Requested", {}), (4, "Lead Accepted", {})],
        30,
        [(3, "remind")],
    ),
    # ---- what sales has given back
    Story(
        "returned-too-early",
        "fitting content until the day that sales has named",
        interested,
        [(2, "Lead Returned", {"reason": "too-early", "until": "2026-06-01"})],
        120,
        [(16, "ripening-guide"), (37, "ripening-tool"), (67, "ripening-closer-look")],
    ),
    Story(
        "returned-too-early",
        "the day ends it",
        interested,
        [(2, "Lead Returned", {"reason": "too-early", "until": "2026-04-01"})],
        120,
        [(16, "ripening-guide")],
    ),
    Story(
        "returned-no-budget",
        "a tool that shows what it is worth, and later a reminder",
        interested,
        [(2, "Lead Returned", {"reason": "no-budget"})],
        120,
        [(37, "ripening-tool"), (98, "ripening-closer-look")],
    ),
    Story(
        "returned-wrong-person",
        "one mail asks for the right contact",
        interested,
        [(2, "Lead Returned", {"reason": "wrong-person"})],
        60,
        [(7, "right-contact")],
    ),
    # ---- loss and reactivation of leads who never bought
    Story(
        "restore-contact",
        "a lead lost after half a year of inactivity gets two last mails",
        warm,
        [],
        400,
        [(210, "still-there"), (270, "last-note")],
    ),
    Story(
        "welcome-back",
        "a lead who returns after a long time gets a fitting offer",
        warm,
        [(200, "Page Viewed", READ)],
        230,
        [(203, "welcome-back")],
    ),
)
