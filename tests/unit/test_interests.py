"""Interests and their order, and personas recognised by evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.scoring.personas import confidence
from unit.leads import happened, lead, phases, rules, told

INTERESTS = {
    "half_life": "10d",
    "at_least": 2,
    "topics": {
        "mills": {"when": {"event": "Page Viewed", "properties.path": {"prefix": "/mills"}}},
        "drills": {"when": {"event": "Page Viewed", "properties.path": {"prefix": "/drills"}}},
        "saws": {"when": {"event": "Catalogue Asked For"}, "points": 5},
    },
}


def viewed(path, days=0.0):
    return happened("Page Viewed", days, identity=f"{path}{days}", path=path)


def test_interests_are_ranked_and_fade():
    compiled = rules(interests=INTERESTS)
    history = [viewed("/mills/a"), viewed("/mills/b"), happened("Catalogue Asked For"), viewed("/drills")]

    assert [topic for topic, _ in lead(compiled, *history).interests] == ["saws", "mills"]
    assert lead(compiled, *history).interests[0] == ("saws", 5)
    assert lead(compiled, *history, days=10).interests == [("saws", 2.5)]
    assert lead(compiled, *history, days=20).interests == []


def test_equal_interests_are_ordered_alphabetically():
    history = [viewed(f"/{topic}/{n}") for topic in ("mills", "drills") for n in range(3)]

    assert [topic for topic, _ in lead(rules(interests=INTERESTS), *history).interests] == ["drills", "mills"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [({"lead.interests": "mills"}, 1), ({"lead.top_interest": "mills"}, 1), ({"lead.interests": {"exists": False}}, 1)],
)
def test_a_condition_includes_the_interest_of_the_event_itself(condition, expected):
    compiled = rules(
        profiles={"p": {"rules": {"r": {"when": {"event": "Page Viewed", **condition}, "points": 1}}}},
        interests=INTERESTS,
    )

    assert len(lead(compiled, viewed("/mills/a"), viewed("/mills/b", 0.1)).contributions) == expected


def test_a_phase_is_entered_by_interest_in_a_topic_and_left_when_it_decays():
    compiled = rules(
        interests=INTERESTS,
        phases={
            "cold": {"enter": [{"from": ["keen"], "interest": {"topic": "saws", "below": 1.25}}]},
            "keen": {"enter": [{"from": ["cold"], "interest": {"topic": "saws", "at_least": 5}}]},
        },
    )

    found = lead(compiled, viewed("/mills"), happened("Catalogue Asked For", 1), days=60)

    # Compared as it is shown: 1.2 is below 1.25, after a little more than two half-lives.
    assert [phase for phase, _ in phases(found)] == ["cold", "keen", "cold"]
    assert 21 < phases(found)[-1][1] < 22


ENGINEER = {
    "evidence": {
        "role": {"title": "Says so", "when": {"traits.role": "engineer"}, "weight": 0.8},
        "drawing": {"when": {"event": "Drawing Sent"}, "weight": 0.5},
        "mills": {"when": {"lead.top_interest": "mills"}, "weight": 0.4},
        "buys": {"title": "Signs orders", "when": {"event": "Order Completed"}, "weight": -0.5},
    }
}
BUYER = {"at_least": 0.9, "evidence": {"buys": {"when": {"event": "Order Completed"}, "weight": 0.9}}}
PERSONAS = rules(interests=INTERESTS, personas={"engineer": ENGINEER, "buyer": BUYER})


def recognised(*history, days=None):
    found = lead(PERSONAS, *history, days=days).persona
    return found.name, round(found.confidence, 4), found.reasons


def test_a_lead_without_evidence_is_unknown():
    assert recognised(viewed("/imprint")) == ("unknown", 0, ())


def test_evidence_adds_up_and_is_named():
    assert recognised(told(role="engineer")) == ("engineer", 0.8, ("Says so",))
    assert recognised(told(role="engineer"), happened("Drawing Sent", 1)) == ("engineer", 0.9, ("Says so", "drawing"))


def test_evidence_of_an_event_stays_and_evidence_of_a_state_may_end():
    history = [happened("Drawing Sent"), viewed("/mills/a"), viewed("/mills/b")]

    assert recognised(*history) == ("engineer", 0.7, ("drawing", "mills"))
    assert recognised(*history, days=300) == ("engineer", 0.5, ("drawing",))
    assert recognised(told(role="engineer"), told(1, role="clerk")) == ("unknown", 0, ())


def test_negative_evidence_lowers_confidence_and_another_persona_may_win():
    history = [told(role="engineer"), happened("Drawing Sent")]

    assert recognised(*history, happened("Order Completed", 1)) == ("buyer", 0.9, ("buys",))
    assert recognised(told(role="engineer"), happened("Drawing Sent"), viewed("/mills/a"), viewed("/mills/b")) == (
        "engineer",
        0.94,
        ("Says so", "drawing", "mills"),
    )


def test_a_condition_includes_the_persona_evidence_of_the_event_itself():
    compiled = rules(
        profiles={"p": {"rules": {"r": {"when": {"lead.persona": "engineer"}, "points": 1}}}},
        personas={"engineer": ENGINEER},
        interests=INTERESTS,
    )

    assert len(lead(compiled, viewed("/"), happened("Drawing Sent", 1)).contributions) == 1


WEIGHTS = st.lists(st.floats(-1, 1), max_size=8)


@pytest.mark.parametrize(("weights", "sure"), [([0.1], 0.1), ([0.1, 0.1], 0.19), ([0.2, 0.25], 0.4)])
def test_a_threshold_equal_to_the_confidence_is_reached(weights, sure):
    assert confidence(weights) == sure


@given(WEIGHTS, st.randoms())
def test_confidence_is_a_share_and_does_not_depend_on_order(weights, random):
    shuffled = random.sample(weights, len(weights))

    assert 0 <= confidence(weights) <= 1
    assert confidence(shuffled) == pytest.approx(confidence(weights), abs=1e-12)


@given(WEIGHTS, st.floats(0, 1))
def test_positive_evidence_never_lowers_confidence_and_negative_never_raises_it(weights, weight):
    assert confidence([*weights, weight]) >= confidence(weights) - 1e-12
    assert confidence([*weights, -weight]) <= confidence(weights) + 1e-12


def test_stages_are_a_second_view_of_the_same_lead():
    compiled = rules(
        phases={"new": {}, "customer": {"enter": [{"when": {"event": "Order Completed"}}]}},
        stages={
            "discover": {},
            "use": {"enter": [{"when": {"lead.phase": "customer"}}]},
            "ask": {"enter": [{"from": ["use"], "when": {"event": "Question Asked"}}]},
            "engage": {"enter": [{"from": ["ask"], "in_phase_for": "14d"}]},
        },
    )
    history = [
        viewed("/"),
        happened("Question Asked", 1),
        happened("Order Completed", 2),
        happened("Question Asked", 3),
    ]

    found = lead(compiled, *history, days=30)

    assert found.phase == "customer"
    assert [stage.phase for stage in found.stages] == ["discover", "use", "ask", "engage"]
    assert found.stage == "engage"
    assert lead(rules(), viewed("/")).stage == ""
