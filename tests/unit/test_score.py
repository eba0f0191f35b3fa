"""A score that fades."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.scoring.score import Score, decay
from ripen.times import DAY, HOUR

HALF_LIVES = st.integers(HOUR, 3_650 * DAY)
POINTS = st.floats(-1_000, 1_000)


def test_half_of_a_point_is_left_after_a_half_life():
    assert decay(DAY, DAY) == 0.5
    assert decay(DAY, None) == 1.0


def test_a_score_is_compared_as_it_is_shown():
    assert Score(DAY, 0, 49.96).reaches(50, 0)
    assert not Score(DAY, 0, 49.94).reaches(50, 0)


@pytest.mark.parametrize("score", [Score(None, 0, 100.0), Score(DAY, 0, 1.0), Score(DAY, 0, -5.0)])
def test_a_score_that_is_constant_or_already_below_never_falls_below(score):
    assert score.falls_below(50) is None


@given(HALF_LIVES, st.floats(0.1, 1e6), st.floats(1, 1e6), st.integers(0, 2**42))
def test_the_closed_form_is_the_first_millisecond_below(half_life, threshold, surplus, landmark):
    score = Score(half_life, landmark, threshold * surplus)

    moment = score.falls_below(threshold)

    assert not score.reaches(threshold, moment)
    assert score.reaches(threshold, moment - 1) or moment == landmark


@given(st.integers(HOUR, 90 * DAY), st.floats(1, 100), st.floats(1, 50))
def test_stepping_through_time_finds_the_same_drop(half_life, threshold, surplus):
    score = Score(half_life, 0, threshold * surplus)
    step = half_life // 50

    stepped = next(n for n in range(1_000) if not score.reaches(threshold, n * step)) * step

    assert stepped - step < score.falls_below(threshold) <= stepped


@given(HALF_LIVES, st.lists(st.tuples(st.integers(0, 100 * DAY), POINTS), min_size=1))
def test_a_rolled_forward_score_equals_the_sum_of_decayed_points(half_life, contributions):
    contributions.sort()
    score = Score(half_life)
    for at, points in contributions:
        score.add(points, at)

    now = 101 * DAY
    apart = sum(points * decay(now - at, half_life) for at, points in contributions)
    assert score.at(now) == pytest.approx(apart, abs=1e-7)
