"""Trends: surges, growing or falling usage, contracts that end, orders that are due."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.scoring.trends import NO_TREND, PAST, contract_ends, repurchase_interval, surges, usage, usage_falls
from ripen.times import DAY, HOUR, parse_iso
from stories import START
from unit.leads import happened, lead, phases, rules, told


def trend(days):
    """The trend of events on these days."""
    found = NO_TREND
    for day in sorted(days):
        found = found.plus(START + round(day * DAY))
    return found


TOPICS = {"interests": {"topics": {"mills": {"when": {"properties.path": "/mills"}}}}}


@pytest.mark.parametrize(
    "first_days", [[n / 100 for n in range(20)], [n / 4 for n in range(20)], [0, 1, 1.1, 1.2, 1.3]]
)
def test_a_new_lead_never_surges(first_days):
    found = [
        lead(rules(**TOPICS), *(happened("Page Viewed", d, path="/mills") for d in first_days), days=n) for n in (6, 7)
    ]

    assert [one.surges for one in found] == [[], []]


def test_much_interest_after_little_is_a_surge_until_it_is_over():
    compiled = rules(**TOPICS)
    history = [happened("Page Viewed", day, path="/mills") for day in (0, 20, 40, 60, 80, 81, 81.5, 82)]

    assert [lead(compiled, *history[:n]).surges for n in (5, 8)] == [[], ["mills"]]
    assert lead(compiled, *history, days=100).surges == []


def test_constant_interest_is_no_surge():
    history = [happened("Page Viewed", day, path="/mills") for day in range(100)]

    assert lead(rules(**TOPICS), *history).surges == []


def test_a_condition_can_match_any_surge():
    compiled = rules(
        profiles={"p": {"rules": {"now": {"when": {"lead.surges": {"exists": True}}, "points": 1, "once": True}}}},
        **TOPICS,
    )
    slow = [happened("Page Viewed", day, path="/mills") for day in (0, 20, 40, 60)]
    fast = [happened("Page Viewed", day, path="/mills") for day in (80, 81, 81.5, 82)]

    assert lead(compiled, *slow).contributions == []
    assert len(lead(compiled, *slow, *fast).contributions) == 1


DAILY = list(range(60))


@pytest.mark.parametrize(
    ("days", "at", "expected"),
    [
        ([0, 1, 2], 3, "unknown"),
        (DAILY, 60, "steady"),
        (DAILY, 70, "falling"),
        ([*range(0, 60, 10), *(55 + n / 4 for n in range(20))], 60, "growing"),
        (DAILY, 400, "unknown"),
        ([n / 10 for n in range(10)], 1, "steady"),
    ],
)
def test_usage_is_compared_with_its_own_past(days, at, expected):
    assert usage(trend(days), START + at * DAY, START) == expected


@given(st.lists(st.floats(0, 120), min_size=1, max_size=60), st.integers(0, 30))
def test_usage_falls_at_the_moment_that_stepping_through_time_finds(days, known_before):
    found, since = trend(days), START - known_before * DAY
    last = found.landmark
    step = 2 * HOUR

    falls = usage_falls(found, since)

    stepped = [last + n * step for n in range(PAST // step + 2)]
    says = [moment for moment in stepped if usage(found, moment, since) == "falling"]
    if falls is None:
        assert says == []
    else:
        assert usage(found, falls, since) == "falling"
        assert falls == last or usage(found, falls - 1, since) != "falling"
        assert not says or says[0] - step < falls <= says[0]


@given(st.lists(st.floats(0, 120), min_size=1, max_size=40), st.integers(0, 30))
def test_the_ratio_only_falls_without_events(days, known_before):
    found, since = trend(days), START - known_before * DAY

    ratios = [found.ratio(found.landmark + n * DAY, since) for n in range(1, 60)]

    assert all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(ratios))


def test_falling_usage_changes_the_phase_without_an_event():
    compiled = rules(
        usage={"when": {"event": "Signed In"}}, phases={"new": {}, "at-risk": {"enter": [{"usage": "falling"}]}}
    )
    history = [happened("Signed In", day) for day in DAILY]

    due = lead(compiled, *history).next_timer

    assert due == usage_falls(trend(DAILY), START)
    assert phases(lead(compiled, *history, days=90))[-1] == ("at-risk", round((due - START) / DAY, 2))


def test_one_late_order_does_not_change_the_usual_time_between_orders():
    assert repurchase_interval([0, 30, 60, 160, 190]) == 30
    assert repurchase_interval([0, 30]) is None
    assert repurchase_interval([7, 7, 7]) is None


def test_a_phase_is_entered_before_the_next_order_is_due():
    compiled = rules(phases={"new": {}, "develop": {"enter": [{"repurchase_due": 0.9}]}})
    orders = [happened("Order Completed", day) for day in (0, 30, 60)]

    assert phases(lead(compiled, *orders[:2], days=500)) == [("new", 0)]
    assert phases(lead(compiled, *orders, days=86.9)) == [("new", 0)]
    assert phases(lead(compiled, *orders, days=500)) == [("new", 0), ("develop", 87)]
    assert phases(lead(compiled, *orders, happened("Order Completed", 80), days=106)) == [("new", 0)]


def test_the_end_of_a_contract_is_a_timer():
    compiled = rules(
        phases={
            "new": {},
            "renew": {"enter": [{"contract_ends_within": "30d"}]},
            "x": {"enter": [{"in_phase_for": "900d"}]},
        }
    )
    ends = told(contract_ends="2026-05-31")  # 90 days after the second of March, at midnight
    due = parse_iso("2026-05-01")

    assert lead(compiled, ends).next_timer == due
    assert [move.at for move in lead(compiled, ends, days=70).moves] == [START, due]


@pytest.mark.parametrize("ends", ["2025-12-31", "some day", "", None, 20261231, ["2026-05-31"], "9999-99-99"])
def test_a_contract_without_a_future_date_changes_nothing(ends):
    compiled = rules(phases={"new": {}, "renew": {"enter": [{"contract_ends_within": "30d"}]}})

    assert phases(lead(compiled, told(contract_ends=ends), days=900)) == [("new", 0)]


def test_a_contract_that_is_prolonged_is_due_later():
    compiled = rules(phases={"new": {}, "renew": {"enter": [{"contract_ends_within": "30d"}]}})
    history = [told(contract_ends="2026-05-31"), told(20, contract_ends="2027-05-31")]

    assert phases(lead(compiled, *history, days=80)) == [("new", 0)]


def test_the_end_date_of_a_contract_is_read_in_utc():
    assert contract_ends({"contract_ends": "2026-05-31"}) == parse_iso("2026-05-31T00:00:00Z")
    assert contract_ends({"contract_ends": "2026-05-31T02:00:00+02:00"}) == parse_iso("2026-05-31T00:00:00Z")
    assert not surges(NO_TREND, START, START)
