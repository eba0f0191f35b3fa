"""The record of a folded lead: its summary, due time and fingerprint."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.events.event import RIPEN, Event
from ripen.fold.fold import fold
from ripen.leads.lead import Reach
from ripen.storage.lead_record import Folded, FoldFingerprint, Record, make_record, read_fingerprint, record_item
from ripen.storage.ledger import NOTHING_SEEN
from ripen.times import DAY, HOUR, parse_iso
from stories import START
from unit.histories import END, RULES, events, in_order

OWNED = {"key": "I#1", "owned": True}
NEW = Record("a:ann", 0, "", None)
NOTHING = Folded({})
WAITING = [Event("m", "Signed Up", START, "website", traits={"email": "ann@example.com", "name": "Ann"})]


def test_a_lead_that_waits_for_a_mail_and_can_be_reached_is_due_at_once():
    lead = fold("a:ann", WAITING, RULES, START)

    assert make_record(lead, OWNED, NEW, NOTHING).due_at == START


def test_an_unreachable_lead_is_due_when_time_changes_it():
    lead = fold("a:ann", WAITING, RULES, START)

    for address in (None, {"key": "", "owned": False}, OWNED | {"suppressed": "bounced", "undeliverable": True}):
        assert make_record(lead, address, NEW, NOTHING).due_at == lead.next_timer > START


def test_a_record_holds_no_personal_data():
    data = make_record(fold("a:ann", WAITING, RULES, START), OWNED, NEW, NOTHING).data

    assert "example.com" not in data
    assert "Ann" not in data


def test_a_record_that_is_never_due_is_not_in_the_index():
    assert record_item(Record("a:ann", 3, "{}", None)) == {"pk": "a:ann", "sk": "P", "version": 3, "data": "{}"}


@given(events(), st.integers(0, 20 * DAY))
def test_a_record_summarizes_the_lead(history, later):
    lead = fold("a:ann", in_order(history), RULES, START + later)

    record = make_record(lead, None, Record("a:ann", 6, "", None), NOTHING)
    item, summary = record_item(record), json.loads(record.data)

    assert item["version"] == 7
    assert summary["phase"][0] == lead.phase
    assert {name: tuple(pair) for name, pair in summary["scores"].items()} == {
        name: (score.landmark, score.total) for name, score in lead.scores.items()
    }
    assert ("due_at" in item) == (lead.next_timer is not None)
    assert "due_at" not in item or parse_iso(item["due_at"]) == lead.next_timer > lead.now


@given(events())
def test_a_record_changes_only_by_decay_before_it_is_due(history):
    ordered = in_order(history)
    record = make_record(fold("a:ann", ordered, RULES, START), None, NEW, NOTHING)

    until = END if record.due_at is None else record.due_at - 1

    assert make_record(fold("a:ann", ordered, RULES, until), None, NEW, NOTHING) == record


def viewed(*days):
    events = [Event(f"m{day}", "Page Viewed", START + day * DAY, "website") for day in days]
    return fold("a:ann", events, RULES, events[-1].at)


def armed(at):
    return Record("a:ann", 1, "", at)


def test_activity_does_not_move_a_timer_that_is_armed():
    first = make_record(viewed(0), None, NEW, NOTHING)

    second = make_record(viewed(0, 1), None, first, NOTHING)

    assert first.due_at == START + 3 * DAY
    assert second.due_at == first.due_at < viewed(0, 1).next_timer


@pytest.mark.parametrize(
    ("before", "due_at"),
    [
        (START + 2 * DAY, START + 2 * DAY),  # earlier than needed: looked at then, and armed anew
        (START + 9 * DAY, START + 3 * DAY),  # too late
        (START - DAY, START + 3 * DAY),  # fired
        (None, START + 3 * DAY),
    ],
)
def test_a_timer_is_moved_only_when_it_would_fire_too_late(before, due_at):
    assert make_record(viewed(0), None, armed(before), NOTHING).due_at == due_at


def test_a_sent_mail_ends_the_rest_period_of_a_lead():
    sent = Event("s", "Email Sent", START + 2, RIPEN, properties={"campaign": "agenda", "step": "plain", "cycle": 1})
    waiting = make_record(fold("a:ann", WAITING, RULES, START), OWNED, NEW, NOTHING, rest_until=START + HOUR)
    assert waiting.due_at == START + HOUR

    lead = fold("a:ann", [*WAITING, sent], RULES, START + 2)

    assert make_record(lead, OWNED, waiting, NOTHING).due_at == lead.next_change > START + HOUR


def test_acting_on_a_lead_rearms_its_timer():
    resting = armed(START + DAY)

    assert make_record(viewed(0), None, resting, NOTHING, rest_until=START + DAY).due_at == START + 3 * DAY


@given(events(), st.integers(0, 20 * DAY), st.none() | st.integers(-5 * DAY, 40 * DAY))
def test_a_record_is_never_due_later_than_its_lead(history, later, before):
    lead = fold("a:ann", in_order(history), RULES, START + later)

    record = make_record(lead, OWNED, armed(None if before is None else START + before), NOTHING)

    wanted = lead.due_at(Reach.EVERYTHING)
    assert wanted is None or record.due_at <= wanted


def test_a_record_names_the_rules_and_items_of_its_fold():
    seen = {"a:ann": NOTHING_SEEN.plus({"sk": "E#1"}).plus({"sk": "E#2"}), "a:phone": NOTHING_SEEN.plus({"sk": "E#3"})}
    data = make_record(viewed(0), None, NEW, Folded(seen)).data

    assert read_fingerprint(data, "a:ann") == FoldFingerprint("v1", seen["a:ann"], 1)
    assert read_fingerprint(data, "a:phone") == FoldFingerprint("v1", seen["a:phone"], 2)
    assert read_fingerprint(data, "a:bob") == FoldFingerprint("v1", NOTHING_SEEN, 3)


@pytest.mark.parametrize("data", ["", "{}", "[]", "3", "{", '{"seen": 3}', '{"seen": {"a": [1]}, "rules": "v1"}'])
def test_a_record_without_valid_data_has_no_fingerprint(data):
    assert read_fingerprint(data, "a:ann") is None
