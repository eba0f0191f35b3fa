"""Imported history counts for a lead and starts nothing; live events continue from there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.times import DAY, to_iso
from unit.leads import START, happened, lead, phases, reported, rules, told
from unit.rich_histories import END, RULES, histories

IMPORT = 100
"""The day of the import in these stories; everything imported lies before it."""

STARTS = {
    "score": {"score": {"profile": "p", "at_least": 10}},
    "gated score": {"score": {"profile": "p", "at_least": 10}, "after": {"event": "Ordered"}},
    "phase": {"phase": "customer"},
    "first phase": {"phase": "new"},
    "event": {"event": {"event": "Ordered"}},
    "silence": {"inactive_for": "30d"},
    "date": {"date": {"trait": "ends", "before": "10d"}},
    "schedule": {"schedule": {"every": "week", "weekday": "wed", "at": "09:00"}},
    "segment": {"segment": {"lead.phase": "customer"}},
}


def campaign(start, **also):
    return rules(
        profiles={"p": {"rules": {"ordered": {"when": {"event": "Ordered"}, "points": 10}}}},
        phases={"new": {}, "customer": {"enter": [{"when": {"event": "Ordered"}}]}},
        campaigns={"c": {"start": start, "transactional": True, "mail": "one", "again": "1d"} | also},
    )


def imported(event, day=IMPORT):
    return replace(event, imported=START + round(day * DAY))


def started(found):
    """The days on which the campaign started."""
    return [round((note.at - START) / DAY, 2) for note in found.notes if note.text == "started"]


def ordered(day, **also):
    return happened("Ordered", day, traits={"ends": to_iso(START + 40 * DAY)}, **also)


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_an_imported_history_starts_nothing_until_the_import(start):
    history = [ordered(day) for day in (0, 30, 60)]

    found = lead(campaign(start), *map(imported, history), days=IMPORT)

    assert lead(campaign(start), *history, days=IMPORT).notes, "the same events start it when they are live"
    assert found.notes == []
    assert found.pending == ()
    assert found.score("p") == 30
    assert found.phase == "customer"


@pytest.mark.parametrize("kind", STARTS.keys() - {"schedule"})
def test_an_imported_history_starts_nothing_later_either(kind):
    found = lead(campaign(STARTS[kind]), imported(ordered(0)), imported(ordered(60)), days=1_000)

    assert found.notes == []


def test_a_schedule_continues_after_the_import():
    weekly = campaign(STARTS["schedule"], valid_for="1d")

    found = lead(weekly, imported(ordered(0)), days=IMPORT + 10)

    assert started(found) == [100.04, 107.04]


def test_a_date_after_the_import_starts_its_campaign():
    history = [imported(told(0, ends=to_iso(START + 150 * DAY)))]

    assert started(lead(campaign(STARTS["date"]), *history, days=300)) == [140]


def test_inactivity_counts_from_the_first_live_event():
    quiet = campaign(STARTS["silence"])

    assert lead(quiet, imported(ordered(90)), days=500).next_change is None
    assert started(lead(quiet, imported(ordered(90)), happened("Seen", 110), days=500)) == [140]


@pytest.mark.parametrize("kind", ["score", "phase", "segment"])
def test_a_threshold_that_the_history_has_passed_counts_as_passed(kind):
    found = lead(campaign(STARTS[kind]), imported(ordered(0)), ordered(110), days=120)

    assert started(found) == []
    assert phases(found) == [("new", 0), ("customer", 0)]


def test_the_first_live_event_adds_to_the_imported_score():
    compiled = campaign({"score": {"profile": "p", "at_least": 30}})

    found = lead(compiled, imported(ordered(0)), imported(ordered(1)), ordered(110), days=120)

    assert started(found) == [110]
    assert found.score("p") == 30


def test_a_passed_threshold_starts_its_campaign_after_a_drop():
    compiled = rules(
        profiles={
            "p": {
                "rules": {
                    "up": {"when": {"event": "Up"}, "points": 10},
                    "down": {"when": {"event": "Down"}, "points": -10},
                }
            }
        },
        campaigns={"c": {"start": STARTS["score"], "transactional": True, "mail": "one"}},
    )

    found = lead(compiled, imported(happened("Up")), happened("Down", 110), happened("Up", 111), days=111)

    assert started(found) == [111]


def test_a_passed_threshold_starts_its_campaign_after_its_points_have_decayed():
    compiled = rules(
        profiles={"p": {"half_life": "2d", "rules": {"up": {"when": {"event": "Up"}, "points": 10}}}},
        campaigns={"c": {"start": STARTS["score"], "transactional": True, "mail": "one"}},
    )
    history = [imported(happened("Seen", 0)), imported(happened("Up", 1))]

    found = lead(compiled, *history, happened("Up", 110), days=111)

    assert started(found) == [110]


def test_an_imported_gate_event_counts_for_a_score_that_a_live_event_reaches():
    gated = rules(
        profiles={"p": {"rules": {"seen": {"when": {"event": "Seen"}, "points": 10}}}},
        campaigns={"c": {"start": STARTS["gated score"], "transactional": True, "mail": "one"}},
    )

    assert started(lead(gated, imported(ordered(0)), happened("Seen", 110), days=111)) == [110]


def test_a_live_event_starts_its_campaign_also_before_the_import():
    assert started(lead(campaign(STARTS["event"]), imported(ordered(0)), ordered(99), days=IMPORT)) == [99]


@pytest.mark.parametrize("start", [STARTS["score"], {"score": {"profile": "p", "at_least": 20}}])
def test_points_that_an_import_adds_before_a_live_event_start_nothing(start):
    live = happened("Ordered", 99)

    assert lead(campaign(start), imported(happened("Ordered", 5)), live, days=IMPORT).pending == ()


def test_a_campaign_under_way_continues_when_an_import_shows_an_earlier_passing_of_its_threshold():
    steps = {"mail": None, "steps": [{"mail": "one"}, {"wait": "20d"}, {"mail": "two"}]}
    compiled = campaign(STARTS["score"], **steps)
    live = [happened("Ordered", 90), reported("Email Sent", 90.1, campaign="c", step="one", cycle=1)]

    before = lead(compiled, *live, days=115)
    after = lead(compiled, imported(happened("Ordered", 5)), *live, days=115)

    assert [intent.id for intent in before.pending] == ["c_two_1"]
    assert [intent.id for intent in after.pending] == ["c_two_1"]


def test_an_imported_opt_in_starts_no_welcome():
    compiled = campaign({"event": {"event": "Subscription Confirmed"}})

    assert lead(compiled, imported(happened("Subscription Confirmed")), days=300).notes == []


@given(histories(), st.randoms(use_true_random=False))
def test_the_result_does_not_depend_on_when_the_imported_events_arrived(history, random):
    shuffled = [*history]
    random.shuffle(shuffled)
    in_order = sorted(shuffled, key=lambda event: (event.at, event.id))

    assert fold("a:ann", in_order, RULES, END) == fold("a:ann", history, RULES, END)


def test_an_imported_history_of_a_bot_alone_starts_nothing():
    found = fold("a:ann", [Event("m0", "Page Viewed", START, "website", bot="crawler", imported=END)], RULES, END)

    assert (found.notes, found.pending) == ([], ())


@given(histories())
def test_a_completely_imported_history_starts_nothing(history):
    whole = [event for event in history if event.source != "ripen"]
    whole = [replace(event, imported=END) for event in whole]

    if whole:
        found = fold("a:ann", whole, RULES, END)
        assert found.notes == []
        assert found.pending == ()
