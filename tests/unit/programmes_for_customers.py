"""Scenarios of customers and former customers: at least one for each campaign."""

from __future__ import annotations

from programmes import Story, customer, former

USED = {}
HAPPY = {"survey": "nps", "score": 9}
UNHAPPY = {"survey": "nps", "score": 4}
WORKS = [(day, "Quote Created", USED) for day in range(2, 400, 14)]
"""A customer who goes on working with the product."""


def until(day):
    """The product is used until this day."""
    return [each for each in WORKS if each[0] < day]


def left(reason):
    """An answer to why somebody left."""
    return {"survey": "loss-feedback", "score": 3, "reason": reason}


STORIES = (
    # ---- purchase
    Story(
        "receipt",
        "each order whose shop asks for a receipt gets one at once",
        customer,
        [*until(30), (9, "Order Completed", {"receipt": True}), (9, "Order Completed", {})],
        20,
        [(9, "receipt")],
    ),
    Story("onboarding", "first steps at once", customer, until(30), 60, [(1, "first-steps")]),
    Story(
        "onboarding",
        "a customer who has not started after a week gets a call",
        customer,
        [],
        60,
        [(1, "first-steps"), (8, "account-manager")],
    ),
    Story(
        "onboarding-tips",
        "tips, webinar and workshop in the first weeks",
        customer,
        until(30),
        60,
        [(7, "first-quote-tips"), (14, "onboarding-webinar"), (21, "introductory-workshop")],
    ),
    Story(
        "onboarding-tips",
        "it ends with the workshop at any step",
        customer,
        [(8, "Workshop Attended", {})],
        60,
        [(7, "first-quote-tips")],
    ),
    # ---- retention
    Story(
        "anniversary",
        "thanks are sent every year on the day",
        customer,
        [(2, "Identified", {"traits": {"customer_since": "2025-05-20"}}), *until(100)],
        100,
        [(79, "anniversary")],
    ),
    Story("nps", "twice a year", customer, until(300), 300, [(39, "nps"), (224, "nps")]),
    Story(
        "unhappy-customer",
        "a bad rating leads to a call",
        customer,
        [(40, "Feedback Given", UNHAPPY)],
        50,
        [(40, "account-manager"), (40, "support")],
    ),
    Story(
        "voice-of-customer",
        "every comment is passed on",
        customer,
        [(40, "Feedback Given", HAPPY | {"comment": "Please add hours of the coater."}), (41, "Feedback Given", HAPPY)],
        50,
        [(40, "quality")],
    ),
    Story(
        "digest",
        "one topic a month, as long as there is a new one",
        customer,
        until(200),
        200,
        [(30, "digest"), (60, "digest"), (91, "digest")],
    ),
    Story("new-versions", "a new version is announced once", customer, until(120), 120, [(44, "new-version")]),
    Story("events", "an event is announced once", customer, until(120), 120, [(49, "event-invitation")]),
    Story(
        "quiet-customer",
        "an inactive customer gets help, training, then a call",
        customer,
        [],
        80,
        [(32, "inactive-customer"), (42, "training-offer"), (56, "account-manager")],
    ),
    Story(
        "quiet-customer",
        "it ends as soon as the product is used again",
        customer,
        [(36, "Signed In", {})],
        60,
        [(32, "inactive-customer")],
    ),
    # ---- satisfied customers
    Story(
        "review-programme",
        "a rating of 9 or 10 leads to a request for a review",
        customer,
        [*until(40), (40, "Feedback Given", HAPPY)],
        70,
        [(42, "review-request")],
    ),
    Story(
        "referral-programme",
        "a rating of 9 or 10 leads to a request for a referral some weeks later",
        customer,
        [*until(40), (40, "Feedback Given", HAPPY)],
        100,
        [(84, "referral")],
    ),
    Story(
        "referral-programme",
        "a bad rating prevents the request for a referral",
        customer,
        [*until(40), (40, "Feedback Given", HAPPY), (60, "Feedback Given", UNHAPPY)],
        100,
    ),
    Story(
        "advocates",
        "a customer with two ratings of 9 or 10 is invited as an advocate",
        customer,
        [
            *until(40),
            (40, "Feedback Given", HAPPY),
            *until(220)[3:],
            (221, "Feedback Given", HAPPY),
        ],
        260,
        [(228, "advocate-invitation"), (228, "account-manager")],
    ),
    # ---- development
    Story(
        "cross-selling",
        "one suggestion, and no second one for a year",
        customer,
        [*until(40), (40, "Seats Added", {}), (150, "Seats Added", {})],
        200,
        [(42, "next-step")],
    ),
    Story(
        "cross-selling",
        "the account manager contacts a customer who looks at the suggestion",
        customer,
        [
            *until(40),
            (40, "Seats Added", {}),
            (46, "Email Link Clicked", {"intent": "cross-selling_next-step_1", "link": "https://www.example.com/x"}),
        ],
        100,
        [(42, "next-step"), (56, "account-manager")],
    ),
    Story(
        "cross-selling",
        "a customer who needs help gets no suggestion",
        customer,
        [*until(40), (40, "Seats Added", {}), (41, "Support Requested", {})],
        100,
    ),
    Story(
        "customer-interest",
        "the account manager contacts a customer who reads a lot",
        customer,
        [*until(40), (40, "Seats Added", {}), *[(41 + n / 10, "Tool Used", {"tool": "win-rate"}) for n in range(9)]],
        60,
        [(41, "account-manager")],
    ),
    Story(
        "renewal",
        "a call is due two months before the contract ends",
        customer,
        [(2, "Identified", {"traits": {"contract_ends": "2026-08-01"}}), *until(100)],
        120,
        [(92, "account-manager")],
    ),
    # ---- loss
    Story(
        "loss-feedback",
        "a customer who cancels is asked for the reason",
        customer,
        [*until(40), (40, "Subscription Cancelled", {})],
        100,
        [(42, "loss-feedback")],
    ),
    Story(
        "loss-feedback",
        "a customer who becomes inactive is offered help first",
        customer,
        [],
        260,
        [(245, "loss-feedback")],
    ),
    Story("loss-feedback", "no reason is asked for once the contract has ended", former, [], 400),
    *(
        Story(
            f"loss-answers-{whose}",
            f"{reason} is for {whose}",
            customer,
            [*until(40), (40, "Subscription Cancelled", {}), (43, "Feedback Given", left(reason))],
            60,
            [(43, whose)],
        )
        for whose, reason in (
            ("account-manager", "price"),
            ("account-manager", "other"),
            ("support", "help"),
            ("quality", "missing"),
        )
    ),
    Story(
        "win-back",
        "there is a call at once, and a mail while the contract still runs",
        customer,
        [*until(40), (40, "Subscription Cancelled", {})],
        100,
        [(40, "account-manager"), (63, "win-back")],
    ),
    Story(
        "win-back",
        "no mail is sent once the contract has ended",
        customer,
        [*until(40), (40, "Subscription Cancelled", {}), (50, "Contract Ended", {})],
        100,
        [(40, "account-manager")],
    ),
    # ---- reactivation
    Story("former-customer", "a former customer sees an offer on the site", former, [], 80, shown=["win-back"]),
    Story("welcome-back", "a former customer who returns gets no mail", former, [], 400),
)
