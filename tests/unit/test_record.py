"""What is kept of a folded lead."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ripen.event import Event
from ripen.fold import fold
from ripen.record import Record, make_record, record_item
from ripen.times import DAY, parse_iso
from stories import START
from unit.histories import END, RULES, events, in_order

OWNED = {"key": "I#1", "owned": True}
WAITING = [Event("m", "Signed Up", START, "website", traits={"email": "ann@example.com", "name": "Ann"})]


def test_a_lead_that_waits_for_a_mail_and_can_be_reached_is_due_at_once():
    lead = fold("a:ann", WAITING, RULES, START)

    assert make_record(lead, OWNED, 1).due_at == START


def test_a_lead_that_cannot_be_reached_is_due_when_time_changes_it():
    lead = fold("a:ann", WAITING, RULES, START)

    for address in (None, {"key": "I#1", "owned": False}):
        assert make_record(lead, address, 1).due_at == lead.next_timer > START


def test_a_record_holds_no_personal_data():
    data = make_record(fold("a:ann", WAITING, RULES, START), OWNED, 1).data

    assert "example.com" not in data
    assert "Ann" not in data


def test_a_record_that_is_never_due_is_not_in_the_index():
    assert record_item(Record("a:ann", 3, "{}", None)) == {"pk": "a:ann", "sk": "P", "version": 3, "data": "{}"}


@given(events(), st.integers(0, 20 * DAY))
def test_a_record_says_what_the_lead_is(history, later):
    lead = fold("a:ann", in_order(history), RULES, START + later)

    record = make_record(lead, None, 7)
    item, summary = record_item(record), json.loads(record.data)

    assert item["version"] == 7
    assert summary["phase"][0] == lead.phase
    assert {name: tuple(pair) for name, pair in summary["scores"].items()} == {
        name: (score.landmark, score.total) for name, score in lead.scores.items()
    }
    assert ("due_at" in item) == (lead.next_timer is not None)
    assert "due_at" not in item or parse_iso(item["due_at"]) == lead.next_timer > lead.now


@given(events())
def test_until_a_record_is_due_nothing_but_fading_changes_it(history):
    ordered = in_order(history)
    record = make_record(fold("a:ann", ordered, RULES, START), None, 1)

    until = END if record.due_at is None else record.due_at - 1

    assert make_record(fold("a:ann", ordered, RULES, until), None, 1) == record
