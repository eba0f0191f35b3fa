"""Conditions that no event can match, because parts of them exclude each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.conditions.pattern import compile_pattern
from ripen.validation.contradictions import contradictions
from unit.patterns import OPERATORS, literals


def places(when):
    return [path for path, _ in contradictions(when)]


@pytest.mark.parametrize(
    ("when", "place"),
    [
        ({"event": "A", "$or": [{"event": "B"}, {"event": "A"}]}, ("$or", 0, "event")),
        ({"event": ["A", "B"], "$or": [{"event": {"prefix": "C"}}, {"session.new": True}]}, ("$or", 0, "event")),
        (
            {"lead.visits": {"numeric": [">", 3]}, "$or": [{"lead": {"visits": [1, 2]}}, {"event": "A"}]},
            ("$or", 0, "lead", "visits"),
        ),
        (
            {"lead.visits": {"numeric": [">", 3]}, "lead": {"visits": {"numeric": ["<=", 3]}}},
            ("lead", "visits"),
        ),
        ({"lead": {"$or": [{"usage": "growing"}, {"phase": "b"}], "phase": "a"}}, ("lead", "$or", 1, "phase")),
        ({"session.new": True, "$or": [{"$or": [{"session.new": False}, {"event": "A"}]}, {"event": "B"}]}, None),
        ({"lead.persona": {"exists": False}, "$or": [{"lead.persona": "a"}, {"event": "A"}]}, None),
    ],
)
def test_contradictions_are_found_at_their_place(when, place):
    assert places(when) == [place or places(when)[0]]


@pytest.mark.parametrize(
    "when",
    [
        {"event": "A", "$or": [{"event": {"prefix": "A"}}, {"event": {"anything-but": "B"}}]},
        {"lead.visits": {"numeric": [">", 3]}, "$or": [{"lead.visits": {"numeric": ["<", 4]}}, {"lead.visits": 5}]},
        {
            "lead.visits": {"numeric": [">", 3]},
            "$or": [{"lead.visits": [{"numeric": [">", 9]}, {"exists": False}]}, {"lead.visits": [{"prefix": "A"}, 7]}],
        },
        {"event": {"suffix": "A"}, "$or": [{"event": {"prefix": "B"}}, {"event": {"wildcard": "C*A"}}]},
        {"properties.tags": "a", "$or": [{"properties.tags": "b"}, {"properties.tags": "c"}]},
        {"lead.interests": "a", "$or": [{"lead.interests": "b"}, {"lead.surges": "b"}]},
        {"$or": [{"event": "A"}, {"event": "B"}]},
    ],
)
def test_satisfiable_conditions_are_not_reported(when):
    assert places(when) == []


_wanted = st.lists(
    literals | st.one_of([made.map(lambda value, name=name: {name: value}) for name, made in OPERATORS.items()]),
    min_size=1,
    max_size=3,
)


@given(_wanted, _wanted, st.fixed_dictionaries({}, optional={"event": literals | st.integers(-4, 11)}))
def test_conditions_that_match_an_event_are_no_contradiction(outside, inside, facts):
    matches = all(compile_pattern({"event": wanted})(facts) for wanted in (outside, inside))

    found = places({"event": outside, "$or": [{"event": inside}, {"properties.path": "/"}]})

    assert not (found and matches)
