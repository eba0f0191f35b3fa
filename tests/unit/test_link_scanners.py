"""Link scanners: programs that open mails before people do are recognised by their behaviour, also later."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.events.event import RIPEN, Event
from ripen.events.link_scanners import GAP, HIDDEN_LINK, SETTLING, with_bot_verdicts
from ripen.times import DAY, MINUTE, SECOND
from stories import START
from unit.leads import happened, lead, phases, reported, rules, told

SITE = "https://www.example.com"
RULES = rules(
    profiles={
        "p": {
            "rules": {
                "opened": {"when": {"event": "Email Opened"}, "points": 5},
                "clicked": {"when": {"event": "Email Link Clicked"}, "points": 10},
            }
        }
    },
    phases={"new": {}, "keen": {"enter": [{"score": {"profile": "p", "at_least": 10}}]}},
    campaigns={"call": {"start": {"phase": "keen"}, "mail": "call", "transactional": True}},
)


def mail(name, seconds, link="", mailing="tips_tips_1"):
    """A report about a mail, so many seconds after the story's first minute."""
    properties = {"intent": mailing} | ({"link": f"{SITE}{link}"} if link else {})
    return reported(name, (60 + seconds) * SECOND / DAY, identity=f"{name}{seconds}{link}{mailing}", **properties)


def clicked(seconds, link, mailing="tips_tips_1"):
    return mail("Email Link Clicked", seconds, link, mailing)


def bots(*events):
    """The bot name of each opening and click, in order."""
    found = with_bot_verdicts(sorted(events, key=lambda event: (event.at, event.id)))
    return [event.bot for _, event in found if event.name in ("Email Opened", "Email Link Clicked")]


def test_links_clicked_one_after_another_are_a_person():
    assert bots(mail("Email Opened", 0), clicked(5, "/a"), clicked(9, "/b"), clicked(9, "/b")) == ["", "", "", ""]


def test_different_links_within_three_seconds_are_a_scanner():
    assert bots(clicked(5, "/a"), clicked(8, "/b"), clicked(40, "/a")) == ["link scanner", "link scanner", ""]


def test_the_same_link_twice_is_a_double_click():
    assert bots(clicked(5, "/a"), clicked(5.2, "/a")) == ["", ""]


def test_clicks_in_two_mails_are_judged_separately():
    assert bots(clicked(5, "/a"), clicked(6, "/b", "other_other_1")) == ["", ""]


def test_a_click_on_the_hidden_link_marks_a_scanner():
    assert bots(mail("Email Opened", 4), clicked(5, HIDDEN_LINK), clicked(7, "/a")) == ["link scanner"] * 3


def test_an_opening_within_two_seconds_of_delivery_is_automatic():
    delivered = mail("Email Delivered", 0)

    assert bots(delivered, mail("Email Opened", 1.5)) == ["machine opening"]
    assert bots(delivered, clicked(2, "/a")) == ["link scanner"]
    assert bots(delivered, mail("Email Opened", 2.1)) == [""]


def test_a_bot_recognised_by_name_keeps_its_name():
    known = Event("x", "Email Opened", START + MINUTE, RIPEN, properties={"intent": "tips_tips_1"}, bot="Barracuda")

    assert bots(mail("Email Delivered", 0), known) == ["Barracuda"]


@pytest.mark.parametrize("properties", [{}, {"intent": None, "link": None}, {"intent": 7, "link": ["x"]}])
def test_an_incomplete_report_is_judged_too(properties):
    events = [Event(f"{n}", "Email Link Clicked", START + n, RIPEN, properties=properties) for n in range(3)]

    assert bots(*events) == ["", "", ""]


def test_an_opening_counts_a_minute_later():
    opening = mail("Email Opened", 0)

    before = lead(RULES, told(), opening, days=(opening.at + SETTLING - 1 - START) / DAY)
    after = lead(RULES, told(), opening, days=(opening.at + SETTLING - START) / DAY)

    assert (before.score("p"), before.next_timer) == (0, opening.at + SETTLING)
    assert (after.score("p"), after.next_timer) == (5, None)


def test_effects_of_a_scanner_are_reverted_when_it_is_recognised():
    first = [told(email="ann@example.com"), clicked(5, "/a")]
    later = lead(RULES, *first, days=1)
    assert (later.score("p"), later.phase, [intent.campaign for intent in later.pending]) == (10, "keen", ["call"])

    found_out = lead(RULES, *first, clicked(7, HIDDEN_LINK), days=1)

    assert (found_out.score("p"), phases(found_out), found_out.pending) == (0, [("new", 0)], ())
    assert found_out.events == 3
    assert found_out.last_active == START


def test_a_website_cannot_make_a_scanner_of_a_person():
    forged = happened("Email Link Clicked", (60 + 6) * SECOND / DAY, intent="tips_tips_1", link=f"{SITE}/b")

    assert bots(clicked(5, "/a"), forged) == ["", ""]


_READ = st.builds(
    lambda name, at, link, mailing: (name, at, link, mailing),
    st.sampled_from(("Email Opened", "Email Link Clicked", "Email Delivered", "Page Viewed")),
    st.integers(0, 400),
    st.sampled_from(("/a", "/b", HIDDEN_LINK)),
    st.sampled_from(("x", "y")),
)


@given(st.lists(_READ, max_size=25), st.randoms())
def test_verdicts_contain_each_event_once_in_order(happenings, random):
    events = [
        Event(
            f"m{n:02}",
            name,
            START + at * SECOND,
            RIPEN if name != "Page Viewed" else "website",
            properties={"link": link, "intent": mailing},
        )
        for n, (name, at, link, mailing) in enumerate(happenings)
    ]
    events.sort(key=lambda event: (event.at, event.id))

    whole = with_bot_verdicts(events)

    assert sorted(event.id for _, event in whole) == sorted(event.id for event in events)
    assert [moment for moment, _ in whole] == sorted(moment for moment, _ in whole)
    shuffled = sorted(random.sample(events, len(events)), key=lambda event: (event.at, event.id))
    assert with_bot_verdicts(shuffled) == whole
    apart = [n for n in range(1, len(events)) if events[n].at - events[n - 1].at > GAP]
    for cut in apart:
        assert with_bot_verdicts(events[:cut]) + with_bot_verdicts(events[cut:]) == whole
