"""The best threshold has the highest F1, and its interval covers the truth as often as it says."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.rehearsal.best_threshold import best_threshold

POINTS = st.dictionaries(st.integers(0, 40), st.integers(1, 5), max_size=8)


def f1(won, lost, at_least):
    right = sum(count for points, count in won.items() if points >= at_least)
    wrong = sum(count for points, count in lost.items() if points >= at_least)
    return 2 * right / (right + wrong + sum(won.values())) if right else 0.0


def test_the_best_threshold_separates_won_from_lost_leads():
    best = best_threshold({60: 8, 80: 4, 20: 1}, {10: 9, 30: 5, 70: 1})

    assert (best.at_least, best.won, best.lost) == (60, 12, 1)
    assert best.f1 == pytest.approx(2 * 12 / (13 + 13))
    assert best.interval == (20, 60)


@given(POINTS, POINTS)
def test_no_other_threshold_has_a_higher_f1(won, lost):
    best = best_threshold(won, lost)

    others = [f1(won, lost, at_least) for at_least in range(1, 42)]
    if best is None:
        assert not lost or not any(others)
    else:
        assert best.f1 == f1(won, lost, best.at_least) == max(others)
        assert best.interval[0] <= best.at_least <= best.interval[1]
        assert best.won


def test_of_equal_thresholds_the_highest_is_the_best():
    assert best_threshold({50: 1, 20: 1}, {20: 1}).at_least == 20
    assert best_threshold({50: 1, 20: 1}, {20: 2}).at_least == 50


@pytest.mark.parametrize(
    ("won", "lost"), [({}, {10: 3}), ({10: 3}, {}), ({0: 3}, {10: 3})], ids=["none won", "none lost", "no points"]
)
def test_there_is_no_best_threshold_without_won_and_lost_leads(won, lost):
    assert best_threshold(won, lost) is None


def test_the_interval_is_the_same_in_every_run_and_in_every_order():
    won, lost = {60: 30, 80: 90, 20: 10}, {10: 70, 30: 50, 70: 10}

    assert best_threshold(won, lost) == best_threshold(dict(reversed(won.items())), dict(reversed(lost.items())))


def test_the_interval_covers_the_best_threshold_of_all_leads():
    random = Random(7)

    def drawn(mean, number):
        return Counter(max(0, round(random.gauss(mean, 12))) for _ in range(number))

    truth = best_threshold(drawn(60, 40_000), drawn(30, 40_000)).at_least
    intervals = [best_threshold(drawn(60, 150), drawn(30, 150)).interval for _ in range(20)]

    assert sum(low <= truth <= high for low, high in intervals) >= 18
