"""Summary of a lead: permission to mail with its reason, and the next steps by time."""

from __future__ import annotations

import pytest

from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.storage.lead_record import Record
from ripen.storage.merged_lead import MergedLead
from ripen.times import DAY
from ripen_cli.lead_summary import next_steps, permission, person, sales_status
from ripen_cli.reading import Reading
from stories import START
from unit.leads import LOOKED, happened, lead, reported, rules, told

ANN = "ann@example.com"
SENT = reported("Email Sent", 1, campaign="c", step="s", cycle=1, mail="m", to=ANN)
CONFIRMED = reported("Subscription Confirmed", 2, intent="c_s_1")
HANDED = reported("Lead Handed Off", 1, campaign="c", step="s", cycle=1, recipient="sales", rep="tom")
OWNED = {"key": "I#1", "owned": True}


def of(event):
    return reported(event, 3, intent="c_s_1")


@pytest.mark.parametrize(
    ("events", "address", "mails", "reason"),
    [
        ([happened("Page Viewed")], {}, "none", "no address is known"),
        ([told(email=ANN)], {}, "asked", "the address was typed in a browser and is not proven"),
        (
            [told(email=ANN), SENT, reported("Email Address Confirmed", 2, address=ANN, browser="b")],
            OWNED,
            "asked",
            "there is no double opt-in for this address",
        ),
        ([told(email=ANN), SENT, CONFIRMED], OWNED, "all", "double opt-in on 2026-03-04"),
        (
            [told(email=ANN), SENT, CONFIRMED],
            {"key": "I#1", "owned": False},
            "asked",
            "another lead has proven this address",
        ),
        (
            [told(email=ANN), SENT, CONFIRMED, reported("Preferences Changed", 3, topics={"events": False})],
            OWNED,
            "all",
            "double opt-in on 2026-03-04, except about events",
        ),
        (
            [told(email=ANN), SENT, CONFIRMED, reported("Preferences Changed", 3, pause_days=30)],
            OWNED,
            "asked",
            "the lead paused all other mails until 2026-04-04",
        ),
        ([told(email=ANN), SENT, CONFIRMED, of("Unsubscribed")], OWNED, "asked", "unsubscribed on 2026-03-05"),
        (
            [told(email=ANN), SENT, CONFIRMED, of("Email Bounced")],
            OWNED,
            "none",
            "the address does not exist (permanent bounce) on 2026-03-05",
        ),
        (
            [told(email=ANN), SENT, CONFIRMED, of("Email Marked as Spam")],
            OWNED,
            "none",
            "a mail was reported as spam on 2026-03-05",
        ),
        (
            [told(email=ANN), SENT, CONFIRMED, happened("Consent Withdrawn", 3)],
            OWNED,
            "none",
            "consent was withdrawn on 2026-03-05",
        ),
    ],
)
def test_the_permission_names_the_mails_that_a_lead_may_get_and_the_reason(events, address, mails, reason):
    assert permission(lead(rules(), *events), address) == (mails, reason)


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"firstName": "Ann", "lastName": "Berg", "title": "CTO"}, ("Ann Berg", "", "CTO")),
        ({"name": "Ann", "company": {"name": "3M"}, "role": "Buyer", "title": "Dr."}, ("Ann", "3M", "Buyer")),
        ({"name": "see example.com", "company": "<b>", "role": 7}, ("", "", "")),
        ({"name": None, "company": None}, ("", "", "")),
    ],
)
def test_a_person_is_described_by_name_company_and_role(traits, expected):
    found = person(lead(rules(), told(**traits)))

    assert (found["name"], found["company"], found["role"]) == expected


CAMPAIGNS = {
    "tips": {
        "title": "Tips for buyers",
        "start": {"event": {"event": "Asked"}},
        "transactional": True,
        "steps": [{"wait": "3d"}, {"mail": "first"}],
    },
    "still-there": {"start": {"inactive_for": "30d"}, "mail": "hello"},
}


def reading(*events, days, **parts):
    configuration = Configuration.model_validate(LOOKED | {"campaigns": CAMPAIGNS} | parts)
    tree = MergedLead(Record("a:ann", 1, "", None), {"a:ann": [*events]})
    return Reading.of(
        tree,
        [*events],
        ActiveConfiguration(version="v", activated_at="", configuration=configuration),
        START + days * DAY,
    )


def test_the_next_steps_are_waits_and_timed_starts_earliest_first():
    found = next_steps(reading(told(email=ANN), happened("Asked", 1), days=2))

    assert found == [
        {"at": START + 4 * DAY, "what": "Tips for buyers goes on with first"},
        {"at": START + 31 * DAY, "what": "still-there may start with hello"},
    ]


def test_a_due_mail_is_the_next_step():
    found = next_steps(reading(told(email=ANN), happened("Asked", 1), days=5))

    assert found[0] == {"at": START + 5 * DAY, "what": "the mail first (Tips for buyers)"}


def test_a_mail_that_may_not_be_sent_is_shown_as_waiting():
    found = next_steps(reading(happened("Asked", 1), days=5))

    assert found[0]["what"] == "the mail first (Tips for buyers); it waits until the lead may be mailed"


def test_a_handoff_that_is_due_names_the_rep():
    asked = {"start": {"event": {"event": "Asked"}}}
    found = next_steps(
        reading(
            *(told(email=ANN), happened("Asked", 1)),
            days=1,
            campaigns={
                "talk": asked | {"steps": [{"handoff": "sales"}]},
                "note": asked | {"mail": "note", "from_rep": True, "transactional": True},
            },
            people={"team": "sales", "reps": {"tom": {"name": "Tom Lee", "address": "t@example.com", "capacity": 1}}},
        )
    )

    assert [one["what"] for one in found] == ["handoff to tom (talk)", "the mail note in the name of tom (note)"]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], ""),
        ([HANDED], "handed over on 2026-03-03, no decision yet"),
        (
            [HANDED, reported("Lead Returned", 2, by="rep.tom", reason="too-early", until="2026-04-01")],
            "Lead Returned (too-early), 2026-03-04, by rep.tom; not handed over before 2026-04-01",
        ),
        ([HANDED, reported("Lead Accepted", 2, by="rep.tom")], "Lead Accepted, 2026-03-04, by rep.tom"),
    ],
)
def test_the_summary_tells_what_sales_has_decided(events, expected):
    assert sales_status(reading(told(email=ANN), *events, days=5).lead) == expected


def test_a_withdrawal_leaves_no_next_steps():
    withdrawn = happened("Consent Withdrawn", 2)

    assert next_steps(reading(told(email=ANN), happened("Asked", 1), withdrawn, days=2)) == []


def test_the_summary_tells_the_end_of_the_relationship_and_the_day_of_the_erasure():
    sources = {"crm": {"kind": "server", "write_key_sha256": "0" * 64}}
    parts = {"sources": sources, "privacy": {"erase_after_end": "180d"}}
    ended = happened("Contract Ended", 2)
    ended.source = "crm"
    active = ActiveConfiguration(
        version="v", activated_at="2026-01-01T00:00:00Z", configuration=Configuration.model_validate(LOOKED | parts)
    )
    tree = MergedLead(Record("a:ann", 0, "", None), {"a:ann": []})

    reading = Reading.of(tree, [told(email=ANN), ended], active, START + 3 * DAY)

    assert permission(reading.lead, OWNED).reason == "the relationship ended on 2026-03-04"
    assert next_steps(reading) == [
        {"at": START + 182 * DAY, "what": "all data of this lead are erased, because the relationship has ended"}
    ]
