"""A fold that continues from a stored state equals a full fold, under rules that use every key."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ripen.events.event import Event
from ripen.events.link_scanners import GAP, SETTLING
from ripen.fold.fold import absorb, fold, let_time_pass, new_state, resumed_state
from ripen.fold.state import State
from ripen.times import DAY
from stories import START
from unit.rich_histories import END, RULES, histories

_ONLY_SINCE = ("awards", "moves", "stages", "notes")
"""Fields that a stored state does not contain; they come from the ledger."""


def kept(events, now):
    """The state after these events, as it comes back from JSON."""
    state = new_state(RULES)
    state.subject = "a:ann"
    absorb(state, events, now)
    return json.loads(json.dumps(state.dump(), allow_nan=False))


@given(histories(), st.data())
def test_resuming_a_stored_state_equals_a_full_fold(history, data):
    cuts = [n for n in range(1, len(history)) if history[n].at - history[n - 1].at > GAP]
    assume(cuts)
    cut = data.draw(st.sampled_from(cuts))
    values = kept(history[:cut], history[cut - 1].at + SETTLING)

    lead = fold("a:ann", history[cut:], RULES, END, resumed_state(values, RULES))

    whole = fold("a:ann", history, RULES, END)
    for field in fields(lead):
        if field.name not in _ONLY_SINCE:
            assert getattr(lead, field.name) == getattr(whole, field.name), field.name
    for name in _ONLY_SINCE:
        later = list(getattr(lead, name))
        assert later == list(getattr(whole, name))[len(getattr(whole, name)) - len(later) :], name
    assert lead.moves


@given(histories())
def test_a_state_survives_a_round_trip_through_json(history):
    values = kept(history, history[-1].at + SETTLING)

    assert json.loads(json.dumps(State.load(values, RULES).dump())) == values


@given(histories())
def test_a_lead_without_new_events_is_folded_from_its_state_alone(history):
    values = kept(history, history[-1].at + SETTLING)

    lead = fold("a:ann", [], RULES, END, resumed_state(values, RULES))

    whole = fold("a:ann", history, RULES, END)
    assert (lead.scores, lead.phase, lead.pending, lead.persona) == (
        whole.scores,
        whole.phase,
        whole.pending,
        whole.persona,
    )


def pending_of(found):
    """The pending intents without `not_before`, which time alone changes while a late mail waits for its hours."""
    return [intent._replace(not_before=0) for intent in found.pending]


TWO_ORDERS = [Event(f"m{day}", "Order Completed", START + day * DAY, "website") for day in (0, 1)]
"""They move the lead between two phases while a digest that may not be sent becomes pending and is dropped."""


@example(TWO_ORDERS)
@given(histories())
def test_advancing_time_in_steps_equals_advancing_it_at_once_under_all_rules(history):
    at_once = fold("a:ann", history, RULES, END)
    now = history[-1].at
    lead = fold("a:ann", history, RULES, now)
    while lead.next_change is not None and lead.next_change <= END:
        now = lead.next_change
        before = fold("a:ann", history, RULES, now - 1)
        assert (before.moves, before.stages, pending_of(before)) == (lead.moves, lead.stages, pending_of(lead))
        lead = fold("a:ann", history, RULES, now)
        assert list(lead.moves) == list(at_once.moves)[: len(lead.moves)]

    assert (lead.moves, lead.stages, pending_of(lead)) == (at_once.moves, at_once.stages, pending_of(at_once))


@given(histories())
def test_contributions_add_up_to_the_scores_under_all_rules(history):
    lead = fold("a:ann", history, RULES, END)

    for profile in lead.scores:
        values = [part.value(END) for part in lead.contributions if part.profile == profile]
        assert sum(values) == pytest.approx(lead.score(profile), abs=1e-9)


@given(histories(), st.data())
def test_folding_at_many_moments_does_not_change_the_lead(history, data):
    moments = sorted(data.draw(st.lists(st.integers(history[0].at, END), max_size=5)))
    state, done = new_state(RULES), 0
    state.subject = "a:ann"
    for moment in moments:
        found = [event for event in history[done:] if event.at + GAP < moment]
        # Only whole quiet stretches are taken: what stands close together is judged together.
        while found and done + len(found) < len(history) and history[done + len(found)].at - found[-1].at <= GAP:
            found.pop()
        done += len(found)
        absorb(state, found, moment)
        until = min([moment, *(event.at for event in history[done : done + 1])])
        if state.begun and until >= state.clock:
            let_time_pass(state, until)
    lead = fold("a:ann", history[done:], RULES, END, state)

    assert lead == fold("a:ann", history, RULES, END)
