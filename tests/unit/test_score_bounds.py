"""No history ever scores more than the bound by which thresholds are refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.config.configuration import Configuration
from ripen.config.schema.personas import Persona
from ripen.config.schema.scoring import Profile
from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.times import DAY, HOUR, SECOND
from ripen.validation.score_bounds import highest_confidence, highest_score
from stories import START

_POINTS = st.sampled_from((1, 2.5, 4, 10, -3))
_LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "cap": st.sampled_from((3, 7, 10)),
        "cap_per_day": st.sampled_from((4, 6)),
        "group": st.just("all"),
        "window": st.sampled_from(("1h", "1d", "3d")),
    },
)


@st.composite
def profiles(draw):
    """Profiles of up to three rules, each with limits or without."""
    rules = {}
    for name in draw(st.sets(st.sampled_from(("a", "b", "c")), min_size=1)):
        rule = draw(_LIMITS) | {"when": {"event": name}, "points": draw(_POINTS)}
        if "cap" not in rule:
            if draw(st.booleans()) and "cap_per_day" not in rule:
                rule["once"] = True
            else:
                rule.pop("window", None)
        elif draw(st.booleans()):
            rule["points"] = {"from": "properties.n", "cap": 5}
        rules[name] = rule
    made = {"rules": rules, "groups": {"all": draw(st.sampled_from(({"cap": 12}, {"cap_per_day": 9})))}}
    half_life = draw(st.sampled_from((None, "1d", "5d")))
    return Profile.model_validate(made | ({"half_life": half_life} if half_life else {}))


_MOMENTS = (
    st.integers(0, 20 * DAY)
    | st.integers(1, 20).map(lambda days: days * DAY)
    | st.integers(1, 20).map(lambda days: days * DAY - SECOND)
    | st.integers(0, 100).map(lambda hours: hours * HOUR)
)


@given(profiles(), st.lists(st.tuples(_MOMENTS, st.sampled_from("abc"), st.integers(-9, 9)), min_size=1, max_size=60))
def test_no_history_scores_more_than_the_bound(profile, happenings):
    highest = highest_score(profile)
    rules = compile_rules(Configuration(profiles={"p": profile}, phases={"new": {}}), "v")
    midnight = START - START % DAY
    events = [
        Event(f"m{n:02}", name, midnight + at, "w", properties={"n": number})
        for n, (at, name, number) in enumerate(happenings)
    ]
    events.sort(key=lambda event: (event.at, event.id))

    for n in range(1, len(events) + 1):
        assert fold("a:ann", events[:n], rules, events[n - 1].at).score("p") <= highest + 1e-9


@pytest.mark.parametrize(
    ("profile", "highest"),
    [
        ({"rules": {"a": {"when": {"event": "a"}, "points": 4}}}, math.inf),
        ({"rules": {"a": {"when": {"event": "a"}, "points": 4, "once": True}}}, 4),
        ({"rules": {"a": {"when": {"event": "a"}, "points": 4, "cap": 10}}}, 10),
        ({"rules": {"a": {"when": {"event": "a"}, "points": -4, "cap": 10}}}, 0),
        ({"rules": {"a": {"when": {"event": "a"}, "points": 4, "cap_per_day": 10}}}, math.inf),
        ({"half_life": "1d", "rules": {"a": {"when": {"event": "a"}, "points": 4, "cap_per_day": 10}}}, 30),
        ({"rules": {"a": {"when": {"event": "a"}, "points": {"from": "properties.n", "cap": 9}, "once": True}}}, 9),
        ({"fit": {"a": {"when": {"traits.a": 1}, "points": 4}, "b": {"when": {"traits.b": 1}, "points": -9}}}, 4),
        (
            {
                "groups": {"g": {"cap": 5}},
                "rules": {
                    "a": {"when": {"event": "a"}, "points": 4, "group": "g"},
                    "b": {"when": {"event": "b"}, "points": 2, "once": True},
                },
            },
            7,
        ),
    ],
)
def test_the_bound_of_a_profile(profile, highest):
    assert highest_score(Profile.model_validate(profile)) == pytest.approx(highest)


def test_a_history_gets_within_a_tenth_of_the_bound_of_a_fading_cap():
    rule = {"when": {"event": "a"}, "points": 10, "cap_per_day": 10}
    profile = Profile.model_validate({"half_life": "1d", "rules": {"a": rule}})
    rules = compile_rules(Configuration(profiles={"p": profile}, phases={"new": {}}), "v")
    midnight = START - START % DAY
    moments = [midnight + day * DAY - SECOND for day in range(1, 11)] + [midnight + 10 * DAY]
    events = [Event(f"m{n:02}", "a", at, "w") for n, at in enumerate(moments)]

    score = fold("a:ann", events, rules, moments[-1]).score("p")

    assert highest_score(profile) - 0.1 < score < highest_score(profile)


def test_the_highest_confidence_ignores_negative_evidence():
    evidence = {
        "a": {"when": {"traits.a": 1}, "weight": 0.5},
        "b": {"when": {"traits.b": 1}, "weight": 0.5},
        "c": {"when": {"traits.c": 1}, "weight": -0.9},
    }

    assert highest_confidence(Persona.model_validate({"evidence": evidence})) == 0.75
