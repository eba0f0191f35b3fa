"""Results of campaigns, and their comparison with a control group."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.fold.fold import fold
from ripen.reports.uplift import Comparison, ConversionRate, GroupResult, Watched, add_up, compare, effects_of
from ripen.times import DAY
from ripen_cli.report.achieved import Achieved
from stories import START
from unit.leads import happened, reported, rules

EVER = (0, START + 1000 * DAY)
COURSE = {
    "start": {"event": {"event": "Signed Up"}},
    "goal": {"event": "Order Completed"},
    "exit": [{"event": "Left Us"}],
    "transactional": True,
    "steps": [{"mail": "welcome"}, {"wait": "10d"}],
}


def compiled(**parts):
    return rules(campaigns={"course": COURSE | parts})


def effects(*events, days, subject="a:ann", rules_=None, between=EVER):
    ordered = sorted(events, key=lambda event: (event.at, event.id))
    lead = fold(subject, ordered, rules_ or compiled(), START + round(days * DAY))
    return effects_of(lead, ordered, *between)


def sent(days, name="Email Sent", **properties):
    return reported(name, days, **({"campaign": "course", "step": "welcome", "cycle": 1} | properties))


@pytest.mark.parametrize(
    ("history", "days", "end", "watched"),
    [
        ([], 5, "under way", Watched(control=False, end="under way", days=5, age=5)),
        ([happened("Order Completed", 3.5)], 5, "goal", Watched(control=False, end="goal reached", days=3, age=5)),
        ([happened("Left Us", 2)], 5, "left", Watched(control=False, end="left", days=2, age=5)),
        ([sent(1)], 30, "ended", Watched(control=False, end="ended", days=11, age=30)),
    ],
)
def test_a_start_is_counted_by_its_end(history, days, end, watched):
    found = effects(happened("Signed Up"), *history, days=days)["course"]

    assert found.treated == GroupResult(1)._replace(**{end.replace(" ", "_"): 1})
    assert found.watched == {watched: 1}
    assert found.leads(control=False) == 1


def test_steps_are_counted_by_outcome():
    found = effects(happened("Signed Up"), sent(1), happened("Signed Up", 20), days=40)["course"]

    assert found.treated.starts == 2
    assert found.steps == {("welcome", "Email Sent"): 1, ("welcome", "given up: it could not be done in time"): 1}
    assert found.times("Email Sent") == found.times("given up") == 1


def test_only_outcomes_of_the_campaign_after_its_start_count():
    others = [sent(1, campaign="another"), happened("Email Sent", 1, campaign="course", step="welcome", cycle=1)]

    found = effects(sent(-1), happened("Signed Up"), *others, days=2)["course"]

    assert not found.steps


def test_only_starts_within_the_time_count():
    events = [happened("Signed Up"), sent(1), happened("Signed Up", 20), sent(21, cycle=2)]

    first = effects(*events, days=40, between=(START, START + 1))["course"]
    second = effects(*events, days=40, between=(START + 1, START + 40 * DAY))["course"]

    assert first.treated.starts == second.treated.starts == 1
    assert first.times("Email Sent") == second.times("Email Sent") == 1
    assert effects(*events, days=40, between=(0, START)) == {}


def test_a_lead_that_starts_again_is_one_lead():
    found = effects(happened("Signed Up"), sent(1), happened("Signed Up", 20), days=40)["course"]

    assert found.treated.starts == 2
    assert found.leads(control=False) == 1


def test_the_control_group_has_no_steps_and_its_goal_is_counted():
    events, most = [happened("Signed Up"), happened("Order Completed", 2)], compiled(control=90)
    groups = {}
    for subject in (f"a:{n}" for n in range(20)):
        found = effects(*events, days=9, subject=subject, rules_=most)["course"]
        groups[found.leads(control=True)] = found

    assert groups[1].control == GroupResult(starts=1, goal=1)
    assert groups[1].treated == GroupResult()
    assert not groups[1].steps
    assert groups[0].treated == GroupResult(starts=1, goal=1)


def test_a_start_in_the_control_group_is_recorded_by_the_fold():
    found = effects(happened("Signed Up"), days=20, subject="a:1", rules_=compiled(control=90))["course"]

    assert found.control == GroupResult(starts=1, ended=1)
    assert found.watched == {Watched(control=True, end="ended", days=10, age=20): 1}


# ---------------------------------------------------------------- sums

PARTS = st.lists(
    st.sampled_from(
        [
            effects(happened("Signed Up"), days=5),
            effects(happened("Signed Up"), sent(1), happened("Signed Up", 20), days=40),
            effects(happened("Signed Up"), days=20, subject="a:1", rules_=compiled(control=90)),
            effects(happened("Nothing"), days=20),
        ]
    ),
    max_size=8,
)


@given(PARTS, PARTS)
def test_neither_order_nor_grouping_changes_a_sum(one, other):
    together = add_up([*one, *other])

    assert add_up([*other, *one]) == together
    assert add_up([add_up(one), add_up(other)]) == together
    for effect in together.values():
        assert effect.treated.starts == sum(effect.treated[1:])
        assert effect.control.starts == sum(effect.control[1:])
        assert sum(effect.watched.values()) == len([part for part in (*one, *other) if part])


# ---------------------------------------------------------------- comparing


def watched(*leads):
    """The effect of leads, given as: in the control group, end, days until the end, age, number of leads."""
    [base] = effects(happened("Signed Up"), days=5).values()
    base.watched.clear()
    base.watched.update({Watched(*lead): count for *lead, count in leads})
    return base


def test_both_groups_are_compared_over_the_same_time():
    # A control lead takes ten days, one that gets mails twelve: what it did in the last two days does not count.
    found = compare(
        watched(
            (True, "ended", 10, 30, 8),
            (True, "goal reached", 9, 30, 2),
            (False, "ended", 12, 30, 5),
            (False, "goal reached", 9, 30, 3),
            (False, "goal reached", 11, 30, 1),
            (False, "left", 1, 30, 1),
        )
    )

    assert found == Comparison(10, ConversionRate(3, 10), ConversionRate(2, 10))


def test_recent_starts_are_left_out_with_any_end():
    effect = watched(
        (True, "ended", 10, 30, 5),
        (True, "under way", 9, 9, 7),
        (False, "under way", 10, 10, 5),
        (False, "goal reached", 1, 9, 7),
    )

    assert compare(effect) == Comparison(10, ConversionRate(0, 5), ConversionRate(0, 5))


@pytest.mark.parametrize(
    "leads",
    [
        [],
        [(False, "ended", 10, 30, 8)],
        [(True, "ended", 10, 30, 8)],
        [(True, "ended", 0, 30, 8), (False, "ended", 5, 30, 8)],
        [(True, "under way", 30, 30, 8), (False, "goal reached", 5, 30, 8)],
    ],
)
def test_no_comparison_is_made_without_leads_in_both_groups(leads):
    assert compare(watched(*leads)) is None


@pytest.mark.parametrize(
    ("treated", "control", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_equals_the_published_table(treated, control, low, high):
    """Newcombe 1998, table II, method 10."""
    found = Comparison(10, ConversionRate(*treated), ConversionRate(*control))

    assert found.interval() == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert found.certain is (low > 0)


@pytest.mark.parametrize(
    ("treated", "control", "verdict"),
    [
        ((30, 970), (2, 98), "Too few leads to tell whether the campaign has an effect."),
        ((400, 600), (20, 80), "The campaign helps: of 100 leads, 10.6 to 27.3 more reach the goal within 10 days."),
        ((200, 800), (40, 60), "The campaign harms: of 100 leads, 10.6 to 30.1 fewer reach the goal within 10 days."),
    ],
)
def test_the_effect_is_stated_in_a_sentence(treated, control, verdict):
    groups = [
        (group, end, days, 30, count)
        for group, counts in ((False, treated), (True, control))
        for end, days, count in (("goal reached", 3, counts[0]), ("ended", 10, counts[1]))
    ]

    assert Achieved("course", "", True, watched(*groups)).verdict() == verdict
    assert Achieved("course", "", False, watched(*groups)).verdict() == ""


def test_the_verdict_is_too_early_before_any_lead_finished():
    found = Achieved("course", "", True, watched((True, "under way", 5, 5, 9), (False, "goal reached", 3, 5, 9)))

    assert found.verdict().startswith("Too early to tell")
    assert found.numbers() == ""


SHARES = st.integers(1, 5000).flatmap(lambda of: st.integers(0, of).map(lambda reached: ConversionRate(reached, of)))


@given(SHARES, SHARES)
def test_an_interval_contains_its_difference_and_is_mirrored_for_swapped_groups(one, other):
    found, mirrored = Comparison(10, one, other), Comparison(10, other, one)
    low, high = found.interval()

    assert -1 - 1e-9 <= low <= found.difference <= high <= 1 + 1e-9
    assert mirrored.interval() == (pytest.approx(-high), pytest.approx(-low))
    assert found.certain is mirrored.certain


@given(SHARES)
def test_the_interval_narrows_with_a_hundred_times_the_leads(share):
    low, high = share.interval()
    narrow = ConversionRate(share.reached * 100, share.of * 100).interval()

    assert low <= narrow[0] + 1e-12
    assert narrow[1] <= high + 1e-12
