"""The sum of the listed points is the score, to the last digit shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.fold.fold import fold
from ripen.leads.explain import explain
from ripen.times import DAY
from stories import START
from unit.histories import RULES, events, in_order
from unit.leads import happened, lead, scoring


@given(events(), st.integers(0, 60 * DAY))
def test_listed_points_add_up_to_the_score(history, age):
    lead = fold("a:ann", in_order(history), RULES, START + age)

    for profile in RULES.scoring.half_lives:
        explanation = explain(lead, profile)
        assert round(sum(line.now for line in explanation.lines), 1) == explanation.score
        assert explanation.score == pytest.approx(lead.score(profile), abs=0.05 + 1e-9)
        of_profile = [part for part in lead.contributions if part.profile == profile]
        assert [line.points for line in explanation.lines] == [part.points for part in of_profile]
        for line, part in zip(explanation.lines, of_profile, strict=True):
            assert abs(line.now - part.value(lead.now)) < 0.1 + 1e-9
        exact = sum(part.value(lead.now) for part in of_profile)
        assert exact == pytest.approx(lead.score(profile), abs=1e-9)


def test_a_tiny_negative_score_is_shown_as_zero():
    compiled = scoring(half_life="1d", left={"when": {"event": "Left"}, "points": -1})

    explanation = explain(lead(compiled, happened("Left"), days=10), "p")

    assert str(explanation.score) == "0.0"
