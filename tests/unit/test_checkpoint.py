"""A fold that continues from a checkpoint equals the fold of all events."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.events.event import Event, Received
from ripen.fold.fold import absorb, fold, new_state, resumed_state
from ripen.sales.decisions import Decision, decision_event, undoing
from ripen.storage.checkpoint import SETTLED_AFTER, WORTHWHILE, Checkpoint, settle
from ripen.storage.ledger import event_items, read_events
from ripen.times import DAY, HOUR, MINUTE
from stories import START
from unit.histories import END, RULES, events, in_order


def items_of(history, skew=0):
    """Each event as an item of its own, by a sender's clock that is off by `skew`."""
    return [
        item for event in history for item in event_items([Received("a:ann", event.at + skew, event.at, event)], 700)
    ]


def left_over(items, checkpoint):
    return read_events(item for item in items if item["sk"] >= checkpoint.below)


def summary(lead):
    return (lead.scores, lead.moves[-1], lead.pending, lead.next_timer, lead.traits, lead.last_active, lead.events)


@given(events(), st.integers(0, 24))
def test_a_fold_resumed_from_a_stored_state_equals_a_full_fold(history, cut):
    ordered = in_order(history)
    state = new_state(RULES)
    absorb(state, ordered[:cut], END)
    kept = resumed_state(json.loads(json.dumps(state.dump())), RULES)

    resumed = fold("a:ann", ordered[cut:], RULES, END, kept)

    assert summary(resumed) == summary(fold("a:ann", ordered, RULES, END))


@given(events(min_size=21), st.integers(0, 12 * DAY))
def test_a_fold_from_a_checkpoint_equals_a_full_fold(history, age):
    now = START + age
    known = [event for event in history if event.at <= now]
    items = items_of(known)
    checkpoint = settle(items, RULES, now, None)
    if checkpoint is None:
        return

    again = Checkpoint.unpack(checkpoint.pack())
    rest = left_over(items, again)

    assert again.holds(RULES, rest, now)
    assert summary(fold("a:ann", rest, RULES, now, again.resume(RULES))) == summary(
        fold("a:ann", in_order(known), RULES, now)
    )
    assert len(known) - len(rest) >= WORTHWHILE
    assert again.until <= now - SETTLED_AFTER


def steps(count, apart=HOUR):
    return [Event(f"m{n:04}", "Page Viewed", START + n * apart, "website") for n in range(count)]


def test_a_checkpoint_advances_with_new_events():
    history = steps(90)
    now = START + 8 * DAY
    first = settle(items_of(history[:40]), RULES, now, None)
    rest = [item for item in items_of(history) if item["sk"] >= first.below]

    second = settle(rest, RULES, now, first)

    assert second.state == settle(items_of(history), RULES, now, None).state


def test_a_few_events_and_recent_ones_do_not_settle():
    assert settle(items_of(steps(WORTHWHILE - 1)), RULES, START + 9 * DAY, None) is None
    assert settle(items_of(steps(60)), RULES, START + 12 * HOUR, None) is None


def test_a_lead_of_bot_events_alone_is_the_same_from_a_checkpoint():
    crawled = [Event(f"m{n:03}", "Page Viewed", START + n * HOUR, "website", bot="crawler") for n in range(60)]
    now = START + 60 * HOUR + SETTLED_AFTER
    items = items_of(crawled)
    checkpoint = settle(items[:30], RULES, now, None)

    resumed = fold("a:ann", left_over(items, checkpoint), RULES, now, checkpoint.resume(RULES))

    assert summary(resumed) == summary(fold("a:ann", crawled, RULES, now))


def test_no_checkpoint_separates_events_that_are_close_together():
    history = steps(WORTHWHILE - 1) + [
        Event(f"z{n}", "Page Viewed", START + (WORTHWHILE + 1) * HOUR + n * MINUTE, "website") for n in range(2000)
    ]
    now = START + (WORTHWHILE + 1) * HOUR + 1000 * MINUTE + SETTLED_AFTER
    assert settle(items_of(history), RULES, now, None) is None


def test_a_corrected_clock_prevents_a_checkpoint_across_unordered_times():
    early = items_of(steps(30), skew=300 * DAY)  # keys far in the future
    late = items_of([Event(f"n{n}", "Page Viewed", START + 3 * DAY + n * HOUR, "website") for n in range(30)])
    assert settle(early + late, RULES, START + 9 * DAY, None) is None


def test_late_events_expired_events_and_other_rules_require_a_full_fold():
    now = START + 8 * DAY
    checkpoint = settle(items_of(steps(40)), RULES, now, None)
    late = Event("late", "Page Viewed", checkpoint.until + MINUTE, "website")
    new = Event("new", "Page Viewed", checkpoint.until + DAY, "website")

    assert checkpoint.holds(RULES, [new], now)
    assert not checkpoint.holds(RULES, [late, new], now)
    assert not checkpoint.holds(RULES, [new], checkpoint.counts_until)


def test_a_checkpoint_does_not_grow_with_the_history():
    now = START + 200 * DAY
    short, long = (len(settle(items_of(steps(count)), RULES, now, None).pack()) for count in (400, 4_000))

    assert long < short + 500


@pytest.mark.parametrize("by_its_own_clock", [False, True])
def test_the_undo_of_a_decision_within_a_checkpoint_requires_a_full_fold(by_its_own_clock):
    returned = decision_event(Decision("return", "rep.ann", reason="no-need"), "d1", "a:ann", START + 30 * HOUR + 1)
    history = sorted([*steps(60), returned], key=lambda event: event.at)
    now, undone_at = START + 5 * DAY, returned.at + 10 * HOUR
    checkpoint = settle(items_of(history), RULES, now, None)
    assert checkpoint is not None
    assert checkpoint.until > undone_at

    undo = undoing(returned, "rep.ann", undone_at)
    items = event_items([Received("a:ann", undone_at if by_its_own_clock else undo.at, undone_at, undo)], 700)
    earlier = [item for item in items if item["sk"] < checkpoint.below]

    assert earlier or not checkpoint.holds(RULES, [undo], now), "an item below the key requires a full fold, too"
    assert fold("a:ann", [*in_order([*history, undo])], RULES, now).decision is None
    assert fold("a:ann", history, RULES, now).decision is not None
