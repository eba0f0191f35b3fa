"""Invalid or endless transitions between phases are reported with file and line."""

from __future__ import annotations

import pytest

from unit.rule_texts import PHASES, phases, problems


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        (["from: [cold], score: {profile: interst, at_least: 5}"], "score.profile: there is no profile 'interst'"),
        (["from: [cold], interest: {topic: drills, at_least: 5}"], "interest.topic: there is no topic 'drills'"),
        (["from: [cool], inactive_for: 3d"], "there is no phase 'cool'; known: cold, warm"),
        (["from: [cold], score: {profile: interest}"], "score: needs exactly one of at_least and below"),
        (["from: [cold], interest: {topic: mills, at_least: 1, below: 2}"], "interest: needs exactly one"),
        (
            ["from: [cold], score: {profile: interest, at_least: 0.04}"],
            "at_least: must be greater than or equal",
        ),
        (["from: [cold]"], "has no condition; add one of contract_ends_within, in_phase_for"),
        (
            ["from: [cold], score: {profile: value, at_least: 20.1}"],
            "at_least: no lead can reach 20.1, because the rules of the profile value",
        ),
        (["from: [cold], usage: rising"], "usage: "),
        (
            ["from: [cold], usage: falling"],
            "usage: no events are configured as usage; add usage to rules/interests.yaml",
        ),
        (["from: [cold], repurchase_due: 0"], "repurchase_due: "),
        (
            ["from: [warm], inactive_for: 3d", "from: [cold], inactive_for: 3d"],
            "'warm' is the phase that this transition enters",
        ),
    ],
)
def test_invalid_transitions_are_reported(ways, expected):
    found = problems(phases=phases(*ways))

    assert [problem for problem in found if problem.startswith("rules/phases.yaml:5: phases.warm.enter.0")], found
    assert [problem for problem in found if expected in problem], found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "below: 5",
            "below: 10.5",
            "rules/phases.yaml:4: phases.cold.enter.0.score.below: a lead with a value from 10 to 10.5 would",
        ),
        (
            "below: 5",
            "below: 10.5",
            "would alternate between warm and cold; write 10 or less",
        ),
        (
            "from: [warm], score: {profile: interest, below: 5}",
            "score: {profile: interest, below: 11}",
            "a lead with a value from 10 to 11",
        ),
        (
            "score: {profile: interest, below: 5}",
            "interest: {topic: mills, below: 4}",
            "rules/phases.yaml:4: phases.cold.enter.0.interest.below: a lead with a value from 3 to 4 would alternate",
        ),
    ],
)
def test_phases_between_which_a_lead_would_alternate_are_reported(old, new, expected):
    found = problems(phases=PHASES.replace(old, new, 1))

    assert [problem for problem in found if expected in problem], found


def test_a_score_drop_does_not_contradict_a_threshold_that_also_requires_an_event():
    text = PHASES.replace("at_least: 10}", "at_least: 3}, when: {event: Page Viewed}")

    assert problems(phases=text) == []


def test_customers_need_no_transition_back_to_the_first_phase():
    text = """\
phases:
  new: {}
  customer:
    enter: [{when: {event: Order Completed}}]
  dormant:
    enter: [{from: [customer], inactive_for: 180d}]
"""

    assert problems(phases=text) == []


def test_phases_that_no_lead_can_leave_are_reported():
    found = problems(
        phases="""\
phases:
  new: {}
  quiet:
    enter: [{from: [new], inactive_for: 30d}, {from: [asleep], in_phase_for: 30d}]
  asleep:
    enter: [{from: [quiet], inactive_for: 90d}]
"""
    )

    text = "no lead leaves quiet and asleep, because they lead only to each other, by time alone"
    assert found == [f"rules/phases.yaml:3: phases.quiet: {text}; add a transition to another one"]


def test_endless_cycles_of_phases_are_reported():
    [problem] = problems(
        phases="""\
phases:
  new:
    enter: [{from: [idle], when: {event: Page Viewed}}]
  buys:
    enter: [{when: {event: Order Completed}}, {from: [idle], in_phase_for: 1d}]
  kept:
    enter: [{from: [buys], in_phase_for: 30d}]
  idle:
    enter: [{from: [kept], in_phase_for: 90d}]
"""
    )

    assert problem.startswith("rules/phases.yaml:4: phases.buys: leads move between buys, kept and idle forever")


def test_phases_that_no_lead_can_enter_are_reported():
    found = problems(
        phases="""\
phases:
  new: {}
  lost:
    enter: [{from: [gone], inactive_for: 3d}]
  gone: {}
"""
    )

    text = "no lead enters this phase, because no transitions lead here from new, where leads begin; add a transition"
    assert found == [
        f"rules/phases.yaml:3: phases.lost: {text}",
        f"rules/phases.yaml:5: phases.gone: {text}",
    ]


def test_stages_are_checked_like_phases():
    [problem] = problems(phases=f"{PHASES}stages:\n  discover: {{}}\n  explore: {{}}\n")

    assert problem.startswith("rules/phases.yaml:11: stages.explore: no lead enters this phase")
