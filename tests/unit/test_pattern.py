import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.conditions.pattern import check_pattern, compile_choice, compile_pattern, event_names
from ripen.errors import InvalidPatternError
from unit.patterns import OPERATORS, anything, facts, patterns

EVENT = {
    "event": "Page Viewed",
    "properties": {"path": "/solutions/leads", "value": 12.5, "tags": ["green", "ripe"], "vip": True, "note": None}
    | {"formula": r"2*3=6 \\ o", "none": []},
    "context": {"campaign": {"medium": "Social"}},
}


@pytest.mark.parametrize(
    "pattern",
    [
        {"event": "Page Viewed"},
        {"event": ["Signed Up", "Page Viewed"]},
        {"properties": {"path": [{"prefix": "/solutions/"}]}},
        {"properties.path": {"suffix": "leads"}},
        {"properties.path": {"wildcard": "/*/leads"}},
        {"properties.value": {"numeric": [">", 10, "<=", 12.5]}},
        {"properties.value": 12.5},
        {"properties.tags": "ripe"},
        {"properties.vip": True},
        {"properties.note": None},
        {"properties.note": {"exists": True}},
        {"properties.nothing": {"exists": False}},
        {"properties.path": {"anything-but": "/"}},
        {"properties.path": {"anything-but": {"prefix": ["/imprint", "/jobs"]}}},
        {"context.campaign.medium": {"equals-ignore-case": "social"}},
        {"properties.path": {"wildcard": r"/solutions/*"}},
        {"properties.formula": {"wildcard": r"2\*3=*"}},
        {"properties.formula": {"wildcard": r"*\\*"}},
        {"context.campaign": {"exists": False}},
        {"properties.none": {"exists": True}},
        {"$or": [{"event": "Signed Up"}, {"properties.vip": True}]},
        {"event": "Page Viewed", "properties": {"vip": True, "value": {"numeric": [">=", 1]}}},
    ],
)
def test_matches(pattern):
    assert compile_pattern(pattern)(EVENT)


@pytest.mark.parametrize(
    "pattern",
    [
        {"event": "page viewed"},
        {"properties.vip": 1},
        {"properties.value": "12.5"},
        {"properties.path": {"numeric": [">", 0]}},
        {"properties.vip": {"numeric": ["=", 1]}},
        {"properties.value": {"prefix": "1"}},
        {"properties.nothing": {"anything-but": "x"}},
        {"properties.nothing": {"exists": True}},
        {"properties.path": {"exists": False}},
        {"properties.path.deeper": "x"},
        {"properties.formula": {"wildcard": r"2\*4*"}},
        {"context.campaign": {"exists": True}},
        {"context.campaign": {"anything-but": "x"}},
        {"properties.none": {"anything-but": "x"}},
        {"context": {"campaign": {"medium": "social"}}},
        {"$or": [{"event": "Signed Up"}, {"properties.vip": False}]},
        {"event": "Page Viewed", "properties.vip": False},
    ],
)
def test_does_not_match(pattern):
    assert not compile_pattern(pattern)(EVENT)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ({}, ""),
        ([], ""),
        ({"event": []}, "event"),
        ({"properties": {"path": [{"starts": "x"}]}}, "properties.path"),
        ({"properties.path": {"prefix": 3}}, "properties.path"),
        ({"properties.path": {"wildcard": "a**b"}}, "properties.path"),
        ({"properties.path": {"wildcard": r"a\b"}}, "properties.path"),
        ({"properties.path": {"wildcard": "a\\"}}, "properties.path"),
        ({"properties.path": {"anything-but": []}}, "properties.path"),
        ({"properties.path": {"anything-but": [{"prefix": "a"}]}}, "properties.path"),
        ({"properties.value": {"numeric": [">"]}}, "properties.value"),
        ({"properties.value": {"numeric": ["!", 3]}}, "properties.value"),
        ({"properties.value": {"exists": "yes"}}, "properties.value"),
        ({"properties.path": {"anything-but": {"numeric": ["=", 1]}}}, "properties.path"),
        ({"$or": [{"event": "x"}]}, "$or"),
        ({"$or": [{"event": "x"}, {"event": []}]}, "$or[1].event"),
    ],
)
def test_an_invalid_pattern_is_refused_with_its_path(pattern, path):
    with pytest.raises(InvalidPatternError) as error:
        compile_pattern(pattern)

    assert error.value.path == path


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ({"event": "Signed Up"}, ["Signed Up"]),
        ({"event": ["A", "B"]}, ["A", "B"]),
        ({"event": {"prefix": "A"}}, None),
        ({"event": ["A", {"prefix": "B"}]}, None),
        ({"properties.x": 1}, None),
    ],
)
def test_the_event_names_of_a_pattern_are_found(pattern, names):
    assert event_names(pattern) == names


@given(
    st.text("ab*", min_size=1, max_size=8).filter(lambda text: "**" not in text),
    st.text("ab", max_size=12),
)
def test_a_wildcard_stands_for_any_text(wildcard, text):
    expression = wildcard.replace("*", ".*")

    matches = compile_pattern({"event": {"wildcard": wildcard}})({"event": text})

    assert matches == bool(re.fullmatch(expression, text))


def test_a_wildcard_takes_bounded_time_on_an_adversarial_text():
    busy = compile_pattern({"event": {"wildcard": "*".join("ababababab") + "c"}})

    assert not busy({"event": "ab" * 16_000})


@given(patterns, facts)
def test_facts_of_any_type_raise_no_error(pattern, facts):
    assert compile_pattern(pattern)(facts) in {True, False}


@pytest.mark.parametrize("operator", sorted(OPERATORS))
@given(st.data(), anything)
def test_values_of_any_type_raise_no_error(operator, data, value):
    matches = compile_pattern({"properties.path": {operator: data.draw(OPERATORS[operator])}})

    for known in ({"properties": {"path": value}}, {"properties": value}, {}):
        assert matches(known) in {True, False}


@given(st.lists(patterns, max_size=5), facts)
def test_a_choice_equals_the_result_of_each_condition(several, facts):
    choose = compile_choice([(pattern, n) for n, pattern in enumerate(several)])

    assert choose(facts) == [n for n, pattern in enumerate(several) if compile_pattern(pattern)(facts)]


@given(st.lists(patterns, max_size=5), facts, st.sampled_from(["a", "ab", "/a/b"]))
def test_a_choice_for_one_event_equals_the_general_choice(several, facts, name):
    rules = [(pattern, n) for n, pattern in enumerate(several)]
    facts |= {"event": name}

    assert compile_choice(rules, event=name)(facts) == compile_choice(rules)(facts)


class Reluctant(Mapping):
    """Facts that are found out one by one, and written down."""

    def __init__(self, known):
        self.known = known
        self.asked = []

    def __getitem__(self, key):
        self.asked.append(key)
        return self.known[key]

    def __iter__(self):
        return iter(self.known)

    def __len__(self):
        return len(self.known)


def test_facts_about_the_lead_are_read_only_when_needed():
    rules = [
        ({"event": "Signed Up", "lead.phase": "awareness"}, "never"),
        ({"event": "Page Viewed", "lead.phase": {"prefix": "info"}}, "always"),
        ({"event": "Page Viewed", "properties.vip": False, "lead.score": {"numeric": [">", 1]}}, "no more"),
    ]
    lead = Reluctant({"phase": "information"})

    chosen = compile_choice(rules)(EVENT | {"lead": lead})

    assert chosen == ["always"]
    assert lead.asked == ["phase"]


def deep(levels):
    by_key = {"properties" + ".a" * (levels - 1): "x"}
    by_choice = {"event": "x"}
    for _ in range(levels - 1):
        by_choice = {"$or": [by_choice, {"event": "y"}]}
    half = {"$or": [{"properties" + ".a" * (levels // 2): {"anything-but": {"wildcard": "*x*"}}}, {"event": "y"}]}
    for _ in range(levels // 2 - 2):
        half = {"$or": [half, {"event": "y"}]}
    return by_key, by_choice, half


def test_a_pattern_nested_too_deeply_is_refused():
    for pattern in deep(20):
        assert compile_pattern(pattern)({"event": "x"}) in {True, False}
    for pattern in deep(21)[:2]:
        with pytest.raises(InvalidPatternError, match="the limit is 20 levels"):
            check_pattern(pattern)
    for pattern in deep(300):
        with pytest.raises(InvalidPatternError, match="the limit is 20 levels"):
            check_pattern(pattern)
