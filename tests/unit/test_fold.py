"""A lead is a function of the set of its events, whatever the order and number of times they arrived in."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.config.configuration import Configuration
from ripen.events.event import RIPEN, Event, Received
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.storage.ledger import event_items, read_events
from ripen.times import DAY, HOUR, MINUTE
from stories import START
from unit.histories import END, RULES, events, in_order


def happened(name, at, identity="", **properties):
    return Event(identity or f"{name} {at}", name, at, "website", properties=properties)


def sent(campaign, cycle, at):
    return Event(
        f"{campaign}{cycle}",
        "Email Sent",
        at,
        RIPEN,
        properties={"campaign": campaign, "step": "plain", "cycle": cycle},
    )


def folded(*history, now=START):
    return fold("a:ann", in_order(history), RULES, now)


def test_a_first_event_makes_a_lead_in_the_first_phase():
    lead = folded(happened("Page Viewed", START))

    assert (lead.phase, lead.score("interest"), lead.first_seen) == ("cold", 4.0, START)
    assert [move.reason for move in lead.moves] == ["first seen"]


def test_points_fade_by_half_in_a_half_life_and_stay_without_one():
    lead = folded(happened("Webinar Attended", START, total=1), now=START + 2 * DAY)

    assert lead.score("interest") == pytest.approx(5.0)
    assert lead.score("value") == 3.0


def test_a_lead_changes_phase_with_its_score_and_back_when_it_decays():
    webinar = happened("Webinar Attended", START)

    assert [move.phase for move in folded(webinar).moves] == ["cold", "warm"]
    lead = folded(webinar, now=START + 3 * DAY)
    assert [move.phase for move in lead.moves] == ["cold", "warm", "cold", "gone"]
    assert lead.moves[2].at - START == pytest.approx(2 * DAY + 2 * DAY * 0.0145, rel=0.01)  # log2(10 / 4.95) half-lives


def test_a_timer_that_expires_between_two_events_is_applied_at_its_own_moment():
    lead = folded(happened("Page Viewed", START), happened("Page Viewed", START + 5 * DAY))

    assert [(move.phase, move.at - START) for move in lead.moves] == [("cold", 0), ("gone", 3 * DAY), ("back", 5 * DAY)]


def test_events_of_ripen_are_no_activity_of_the_lead():
    lead = folded(happened("Page Viewed", START), sent("agenda", 1, START + 2 * DAY), now=START + 3 * DAY)

    assert lead.last_active == START
    assert lead.phase == "gone"


def test_a_campaign_starts_once_for_a_crossing():
    lead = folded(*(happened("Webinar Attended", START + n * MINUTE) for n in range(5)), now=START + HOUR)

    [intent] = lead.pending
    assert (intent.id, intent.since) == ("agenda_plain_1", START + MINUTE)
    assert (
        folded(*(happened("Webinar Attended", START + n) for n in range(2)), sent("agenda", 1, START + 9)).pending == ()
    )


def test_a_campaign_starts_again_only_after_the_score_fell_below():
    first = [happened("Webinar Attended", START + n) for n in range(2)]
    done = sent("agenda", 1, START + HOUR)
    while_above = happened("Webinar Attended", START + 2)
    after_falling = [happened("Webinar Attended", START + 2 * DAY + n) for n in range(2)]

    assert folded(*first, done, while_above).pending == ()
    assert [intent.id for intent in folded(*first, done, *after_falling).pending] == ["agenda_plain_2"]


def test_a_campaign_does_not_start_again_before_its_mail_has_an_outcome():
    lead = folded(*(happened("Webinar Attended", START + days * DAY + n) for days in (0, 2) for n in range(2)))

    assert [intent.id for intent in lead.pending] == ["agenda_plain_1"]


@pytest.mark.parametrize(
    ("name", "why", "waits"),
    [
        ("Unsubscribed", "unsubscribed", ["agenda"]),
        ("Email Bounced", "bounced", []),
        ("Email Marked as Spam", "complained", []),
    ],
)
def test_a_suppression_leaves_only_permitted_mails_pending(name, why, waits):
    address = Event("e", "Identified", START, "website", traits={"email": "ann@example.com"})
    history = [address, happened("Signed Up", START), Event("x", name, START + 1, RIPEN)]

    assert folded(*history).suppressed == why
    assert [intent.campaign for intent in folded(*history).pending] == waits


def test_a_website_cannot_suppress_a_lead():
    assert folded(happened("Unsubscribed", START)).suppressed == ""


def test_the_last_address_counts_and_is_another_person():
    history = [
        Event("1", "Identified", START, "website", traits={"email": "old@example.com", "name": "Ann"}),
        Event("2", "Identified", START + 1, "website", traits={"email": " new@example.com "}),
    ]

    assert folded(*history).address == "new@example.com"
    assert "name" not in folded(*history).traits


@given(events(), st.data())
def test_order_and_repetition_of_arrivals_do_not_change_the_lead(history, data):
    arrivals = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history)))))
    cuts = sorted(data.draw(st.lists(st.integers(1, len(arrivals)), max_size=4)))
    requests = [arrivals[a:b] for a, b in zip([0, *cuts], [*cuts, len(arrivals)], strict=True)]
    table = {}
    for request in requests:
        for item in event_items([Received("a:ann", event.at, event.at, event) for event in request], 1):
            table[item["sk"]] = item

    read = read_events(table[key] for key in sorted(table))

    assert read == in_order(history)
    assert fold("a:ann", read, RULES, END) == folded(*history, now=END)


@given(events(), st.integers(0, 20 * DAY))
def test_contributions_add_up_to_the_scores(history, later):
    lead = folded(*history, now=START + later)

    for profile in lead.scores:
        values = [part.value(lead.now) for part in lead.contributions if part.profile == profile]
        assert sum(values) == pytest.approx(lead.score(profile), abs=1e-9)


VALID_FOR = 7 * DAY


@given(events())
def test_advancing_time_in_steps_equals_advancing_it_at_once(history):
    at_once = folded(*history, now=END)
    lead = folded(*history)
    while lead.next_change is not None and lead.next_change <= END:
        just_before = folded(*history, now=lead.next_change - 1)
        assert (just_before.moves, just_before.pending) == (lead.moves, lead.pending)
        lead = folded(*history, now=lead.next_change)
        assert lead.moves == at_once.moves[: len(lead.moves)]

    assert (lead.moves, lead.pending) == (at_once.moves, at_once.pending)


@given(events())
def test_caps_and_once_hold(history):
    lead = folded(*history, now=END)

    days = defaultdict(float)
    for part in lead.contributions:
        days[part.rule, part.at // DAY] += part.points
    assert all(points <= 10 for (rule, _), points in days.items() if rule == "page")
    assert sum(part.rule == "signed-up" for part in lead.contributions) <= 1


def test_a_cap_limits_negative_points_too():
    rule = {"when": {"event": "Job Page Viewed"}, "points": -4, "cap_per_day": 6}
    configuration = Configuration.model_validate(
        {"profiles": {"fit": {"rules": {"job": rule}}}, "phases": {"cold": {}}}
    )
    history = [happened("Job Page Viewed", START + n * MINUTE) for n in range(3)]

    lead = fold("a:ann", history, compile_rules(configuration, "v"), START)

    assert [part.points for part in lead.contributions] == [-4, -2]


@given(events(min_size=4))
def test_a_campaign_starts_again_only_after_an_outcome_and_a_drop(history):
    # `pending` shows each cycle only until its outcome, so every prefix of the history is looked at.
    ordered = in_order(history)
    started = {}
    for n in range(1, len(ordered) + 1):
        for intent in folded(*ordered[:n]).pending:
            if intent.campaign == "agenda":
                started.setdefault(intent.cycle, intent.since)

    for cycle, since in started.items():
        if cycle > 1 and cycle - 1 in started:
            earlier = started[cycle - 1]
            lead_in_between = (
                folded(*(e for e in ordered if e.at <= m), now=m) for m in _moments(ordered, earlier, since)
            )
            assert any(not lead.scores["interest"].reaches(20, lead.now) for lead in lead_in_between)
            assert since - earlier >= VALID_FOR or any(
                event.name == "Email Sent" and event.properties["campaign"] == "agenda" and earlier <= event.at <= since
                for event in ordered
            )


def _moments(ordered, start, end):
    """Just before each event between two moments: there the score is lowest."""
    return [event.at - 1 for event in ordered if start < event.at - 1 and event.at <= end]
