import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.errors import InvalidPatternError
from ripen.pattern import compile_pattern, event_names

EVENT = {
    "event": "Page Viewed",
    "properties": {"path": "/solutions/leads", "value": 12.5, "tags": ["green", "ripe"], "vip": True, "note": None},
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
        ({"properties.value": {"numeric": [">"]}}, "properties.value"),
        ({"properties.value": {"numeric": ["!", 3]}}, "properties.value"),
        ({"properties.value": {"exists": "yes"}}, "properties.value"),
        ({"properties.path": {"anything-but": {"numeric": ["=", 1]}}}, "properties.path"),
        ({"$or": [{"event": "x"}]}, "$or"),
        ({"$or": [{"event": "x"}, {"event": []}]}, "$or[1].event"),
    ],
)
def test_what_is_not_understood_is_named(pattern, path):
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
def test_the_event_names_a_pattern_waits_for(pattern, names):
    assert event_names(pattern) == names


@given(
    st.text("ab*", min_size=1, max_size=8).filter(lambda text: "**" not in text),
    st.text("ab", max_size=12),
)
def test_a_wildcard_stands_for_any_text(wildcard, text):
    expression = wildcard.replace("*", ".*")

    matches = compile_pattern({"event": {"wildcard": wildcard}})({"event": text})

    assert matches == bool(re.fullmatch(expression, text))


def test_a_text_made_to_keep_a_wildcard_busy_does_not():
    busy = compile_pattern({"event": {"wildcard": "*".join("ababababab") + "c"}})

    assert not busy({"event": "ab" * 16_000})
