"""Facts about a lead in conditions: every documented one, as of the event, also after a stored state."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from ripen.conditions.fields import LEAD_FIELDS, NAMED_LEAD_FIELDS, SESSION_FIELDS
from ripen.events.link_scanners import SETTLING
from ripen.fold.fold import absorb, new_state, resumed_state
from ripen.times import DAY
from stories import START
from unit.leads import happened, lead, reported, rules, told
from unit.rich_histories import RULES, histories

_TOUCHES = ("first_touch", "last_touch")
_LISTS = ("interests", "surges", "campaigns")
_TEXTS = ("phase", "stage", "persona", "top_interest", "usage", "language", "opt_in", "sales")
_FLAGS = ("known", "subscribed", "held")


def facts_after(events, state=None):
    state = state or new_state(RULES)
    absorb(state, events, events[-1].at + SETTLING)
    return state


@given(histories())
def test_every_fact_has_its_type_and_no_other_fact_exists(history):
    state = facts_after(history)
    if not state.begun:
        return
    found = dict(state.facts["lead"])

    assert {*found} <= {*LEAD_FIELDS, *NAMED_LEAD_FIELDS, *_TOUCHES}
    assert {*LEAD_FIELDS, *NAMED_LEAD_FIELDS} - {*found} <= {
        *_LISTS,
        "top_interest",
        "days_since_order",
        "repurchase_days",
        "repurchase_due",
        "contract_days_left",
        "rating",
        "opt_in",
        "sales",
    }
    assert {*state.facts["session"]} == {*SESSION_FIELDS}
    for name, value in found.items():
        if name in _TEXTS:
            assert isinstance(value, str)
        elif name in _LISTS:
            assert value
            assert all(isinstance(one, str) for one in value)
        elif name in (*NAMED_LEAD_FIELDS, *_TOUCHES):
            assert isinstance(value, dict)
        elif name in _FLAGS:
            assert isinstance(value, bool)
        else:
            assert isinstance(value, int | float)
            assert name == "contract_days_left" or value >= 0


@given(histories())
def test_facts_are_the_same_after_resuming_a_stored_state(history):
    state = facts_after(history)
    values = json.loads(json.dumps(state.dump()))

    again = resumed_state(values, RULES)

    if state.begun:
        for one in (again, state):
            one.sessions.idle_since = one.sessions.last_active
        assert dict(again.facts["lead"]) == dict(state.facts["lead"])
        assert dict(again.facts["session"]) == dict(state.facts["session"])
        assert again.facts["traits"] == state.facts["traits"]


def test_an_unknown_fact_is_absent():
    state = facts_after([happened("Page Viewed")])

    for kind in ("lead", "session"):
        assert "mood" not in state.facts[kind]
        with pytest.raises(KeyError):
            state.facts[kind]["mood"]
    assert len(state.facts["session"]) == len(SESSION_FIELDS)


def sees(condition, *history):
    """True if the last event of this history matches the condition."""
    compiled = rules(profiles={"p": {"rules": {"seen": {"when": condition, "points": 1}}}})
    return any(part.event_id == history[-1].id for part in lead(compiled, *history).contributions)


ORDERS = [happened("Order Completed", day) for day in (0, 30, 60)]
ASKED = reported("Email Sent", 1, campaign="ask", step="ask", cycle=1, to="ann@example.com")
AGREED = reported("Subscription Confirmed", 2, intent="ask_ask_1")
SOCIAL = {"campaign": {"source": "LinkedIn", "medium": "paid-social", "name": "spring"}}


@pytest.mark.parametrize(
    ("condition", "history"),
    [
        ({"lead.known": True}, [told(email="ann@example.com")]),
        ({"lead.known": False}, [told(email=17)]),
        ({"lead.subscribed": False}, [told(email="ann@example.com"), ASKED]),
        ({"lead.subscribed": True}, [told(email="ann@example.com"), ASKED, AGREED]),
        ({"lead.visits": 2, "lead.pages": 2}, [happened("Page Viewed"), happened("Page Viewed", 1)]),
        ({"lead.days_known": 3}, [happened("Page Viewed"), told(2), happened("Page Viewed", 3)]),
        ({"lead.days_inactive": 1}, [happened("Page Viewed"), told(2), happened("Page Viewed", 3)]),
        ({"lead.days_inactive": 0}, [happened("Page Viewed")]),
        ({"lead.mails_sent": 2}, [reported("Email Sent"), reported("Email Sent", 1), told(2)]),
        ({"lead.mails_opened": 1, "lead.mails_clicked": 0}, [reported("Email Opened"), told(1)]),
        ({"lead.orders": 3, "lead.days_since_order": 0, "lead.repurchase_days": 30}, ORDERS),
        ({"lead.repurchase_due": 0.5}, [*ORDERS, told(75)]),
        ({"lead.repurchase_due": {"exists": False}}, ORDERS[:2]),
        ({"lead.contract_days_left": 5.0}, [told(contract_ends="2026-03-07T08:00:00Z")]),
        ({"lead.contract_days_left": {"numeric": ["<", 0]}}, [told(contract_ends="2026-03-01")]),
        ({"lead.usage": "unknown"}, [told()]),
        (
            {"lead.first_touch.channel": "paid-social", "lead.first_touch.source": "linkedin"},
            [happened("Page Viewed", context=SOCIAL), happened("Page Viewed", 5)],
        ),
        ({"lead.last_touch.campaign": "spring"}, [happened("Page Viewed"), happened("Page Viewed", 5, context=SOCIAL)]),
        ({"lead.first_touch.channel": "direct"}, [happened("Page Viewed"), happened("Page Viewed", 5, context=SOCIAL)]),
        ({"session": {"number": 2, "events": 2, "new": False}}, [told(), told(1), told(1.001)]),
        ({"lead.phase": "new", "lead.stage": {"exists": False}}, [told()]),
    ],
)
def test_a_condition_on_a_fact_holds(condition, history):
    assert sees(condition, *history)


def test_reports_about_mails_do_not_begin_a_visit():
    compiled = rules(counts={"visits": {"when": {"session.new": True}, "window": "30d"}})
    mails = [reported("Email Sent", 2), reported("Email Delivered", 2.1), reported("Email Opened", 3)]

    found = lead(compiled, happened("Page Viewed"), happened("Page Viewed", 1), *mails, days=4)

    assert found.counts["visits"] == found.visits == 2


def test_bot_events_do_not_change_facts():
    history = [happened("Page Viewed"), happened("Page Viewed", 1, bot="crawler"), happened("Page Viewed", 2)]

    assert sees({"lead.pages": 2, "lead.visits": 2, "lead.days_inactive": 2}, *history)
    assert lead(rules(), *history).last_active == START + 2 * DAY
