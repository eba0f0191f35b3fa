"""Random conditions in all that docs/reference/conditions.md allows, and random facts for them, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

texts = st.sampled_from(("", "a", "A", "b", "ab", "/a/b", "a*b")) | st.text("aAb/*", max_size=3)
numbers = st.sampled_from((-3, 2, 2.0, 2.5, 10, 10**10))
literals = texts | numbers | st.booleans() | st.none()


def one_or_more(values):
    return values | st.lists(values, min_size=1, max_size=3)


_some_text = texts.filter(bool)
_parts = st.lists(st.sampled_from(("a", "A", "b", "/", r"\*", r"\\")), min_size=1, max_size=3)
_wildcards = st.builds(
    lambda start, parts, end: start + "*".join(parts) + end,
    st.sampled_from(("", "*")),
    _parts,
    st.sampled_from(("", "*")),
)
_of_texts = {"prefix": _some_text, "suffix": _some_text, "equals-ignore-case": _some_text, "wildcard": _wildcards}
_comparisons = st.tuples(st.sampled_from(("<", "<=", "=", ">=", ">")), numbers)


def _only(arguments):
    """One operator of several, with its argument."""
    return st.one_of([argument.map(lambda value, name=name: {name: value}) for name, argument in arguments.items()])


OPERATORS = {
    **_of_texts,
    "numeric": st.lists(_comparisons, min_size=1, max_size=2).map(
        lambda pairs: [part for pair in pairs for part in pair]
    ),
    "exists": st.booleans(),
    "anything-but": one_or_more(literals) | _only({name: one_or_more(value) for name, value in _of_texts.items()}),
}
_wanted = one_or_more(literals | _only(OPERATORS))


def _fields(*names):
    conditions = st.dictionaries(st.sampled_from(names), _wanted, min_size=1, max_size=2)
    choices = st.lists(conditions, min_size=2, max_size=3).map(lambda several: {"$or": several})
    return conditions | choices | st.builds(dict.__or__, conditions, choices)


_inside = _fields("path", "campaign.medium")
patterns = _fields("event", "properties.path", "properties.campaign.medium", "properties.campaign", "lead.rank") | (
    st.builds(lambda inside, beside: {**beside, "properties": inside}, _inside, _fields("event") | st.just({}))
)


def _some(**parts):
    return st.fixed_dictionaries({}, optional=parts)


anything = st.recursive(
    literals, lambda inner: st.lists(inner, max_size=2) | _some(path=inner, medium=inner), max_leaves=4
)
_value = literals | one_or_more(literals) | anything
_usual = st.fixed_dictionaries(
    {
        "event": texts,
        "properties": st.fixed_dictionaries({"path": _value, "campaign": st.fixed_dictionaries({"medium": _value})}),
        "lead": st.fixed_dictionaries({"rank": _value}),
    }
)
_unusual = _some(
    event=_value,
    properties=_some(path=_value, campaign=_some(medium=_value) | _value) | _value,
    lead=_some(rank=_value) | _value,
)
facts = _usual | _unusual
