"""`when:` conditions: a subset of EventBridge event patterns, compiled once to a Python predicate.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html. Supported: literals, prefix,
suffix, anything-but, numeric, exists, equals-ignore-case, wildcard and $or. Two shorthands are ours: a key may be
dotted (`properties.path`), and a single value may stand without its list. A fact of the wrong type never matches and
never raises.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ripen.errors import InvalidPatternError

Facts = Mapping[str, Any]
Predicate = Callable[[Facts], bool]
Matcher = Callable[[Any], bool]
Chosen = TypeVar("Chosen")

_MISSING = object()
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


def compile_pattern(pattern: object, path: str = "") -> Predicate:
    """A predicate over facts (nested mappings) for `pattern`; every key of the pattern has to match.

    Raises InvalidPatternError naming the key that is not understood.
    """
    if not isinstance(pattern, Mapping) or not pattern:
        raise InvalidPatternError(path, "a condition is a mapping of fields to what they must be, and not empty")
    parts: list[Predicate] = []
    for key, wanted in pattern.items():
        here = f"{path}.{key}" if path else str(key)
        if key == "$or":
            parts.append(_any_of(wanted, here))
        else:
            parts.append(_at(str(key).split("."), wanted, here))
    return parts[0] if len(parts) == 1 else lambda facts: all(part(facts) for part in parts)


def fields(pattern: Mapping[str, Any]) -> Iterator[str]:
    """The fields that a valid pattern looks at, with dots, such as `properties.path`."""
    for key, wanted in pattern.items():
        if key == "$or":
            for choice in wanted:
                yield from fields(choice)
        elif isinstance(wanted, Mapping) and not _is_operator(wanted):
            yield from (f"{key}.{inner}" for inner in fields(wanted))
        else:
            yield str(key)


def event_names(pattern: Mapping[str, Any]) -> list[str] | None:
    """The literal event names without which `pattern` cannot match, or None when any name may match."""
    wanted = pattern.get("event")
    values = wanted if isinstance(wanted, list) else [wanted]
    names = [value for value in values if isinstance(value, str)]
    return names if len(names) == len(values) else None


def _any_of(choices: object, path: str) -> Predicate:
    if not isinstance(choices, list) or len(choices) < 2:
        raise InvalidPatternError(path, "takes a list of two or more conditions")
    predicates = [compile_pattern(choice, f"{path}[{n}]") for n, choice in enumerate(choices)]
    return lambda facts: any(predicate(facts) for predicate in predicates)


def _at(keys: list[str], wanted: object, path: str) -> Predicate:
    if len(keys) == 1 and isinstance(wanted, Mapping) and not _is_operator(wanted):
        inner = compile_pattern(wanted, path)
        key = keys[0]
        return lambda facts: inner(facts[key] if isinstance(facts.get(key), Mapping) else {})
    if isinstance(wanted, Mapping) and not _is_operator(wanted):
        return _at(keys[:1], {".".join(keys[1:]): wanted}, path)
    matchers = [_matcher(value, path) for value in (wanted if isinstance(wanted, list) else [wanted])]
    if not matchers:
        raise InvalidPatternError(path, "has an empty list, which nothing can match")

    def matches(facts: Facts) -> bool:
        value = _look_up(facts, keys)
        candidates = value if isinstance(value, list) and value else [value]
        return any(matcher(candidate) for matcher in matchers for candidate in candidates)

    return matches


def _look_up(facts: Facts, keys: list[str]) -> object:
    value: object = facts
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return _MISSING
        value = value[key]
    return value


def _is_operator(wanted: Mapping[str, Any]) -> bool:
    return len(wanted) == 1 and next(iter(wanted)) in _OPERATORS


def _matcher(wanted: object, path: str) -> Matcher:
    if isinstance(wanted, Mapping):
        if not _is_operator(wanted):
            raise InvalidPatternError(path, f"{sorted(map(str, wanted))} is not one of {sorted(_OPERATORS)}")
        name, argument = next(iter(wanted.items()))
        return _OPERATORS[name](argument, path)
    if wanted is None or isinstance(wanted, str | int | float):
        return lambda value: _same(value, wanted)
    raise InvalidPatternError(path, f"{wanted!r} is no text, number, boolean, null or operator")


def _same(value: object, wanted: object) -> bool:
    # In Python True == 1; in an event they are different facts.
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def _text(argument: object, path: str) -> str:
    if not isinstance(argument, str) or not argument:
        raise InvalidPatternError(path, f"{argument!r} is no text")
    return argument


def _prefix(argument: object, path: str) -> Matcher:
    start = _text(argument, path)
    return lambda value: isinstance(value, str) and value.startswith(start)


def _suffix(argument: object, path: str) -> Matcher:
    end = _text(argument, path)
    return lambda value: isinstance(value, str) and value.endswith(end)


def _equals_ignore_case(argument: object, path: str) -> Matcher:
    wanted = _text(argument, path).lower()
    return lambda value: isinstance(value, str) and value.lower() == wanted


def _wildcard(argument: object, path: str) -> Matcher:
    text = _text(argument, path)
    if "**" in text:
        raise InvalidPatternError(path, "two * in a row")
    if "*" not in text:
        return lambda value: value == text
    start, *middle, end = text.split("*")
    return lambda value: isinstance(value, str) and _has_in_order(value, start, middle, end)


def _has_in_order(value: str, start: str, middle: list[str], end: str) -> bool:
    # Each part at its first place suffices, so the time grows with the text only; a regular expression would try all
    # ways, and visitors choose the text.
    if not value.startswith(start):
        return False
    place = len(start)
    for part in middle:
        place = value.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return value.endswith(end) and len(value) - len(end) >= place


def _exists(argument: object, path: str) -> Matcher:
    if not isinstance(argument, bool):
        raise InvalidPatternError(path, f"exists takes true or false, not {argument!r}")
    return lambda value: (value is not _MISSING) == argument


def _numeric(argument: object, path: str) -> Matcher:
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        raise InvalidPatternError(path, 'numeric takes a list such as [">=", 10] or [">", 0, "<=", 5]')
    limits: list[tuple[Callable[[Any, Any], bool], float]] = []
    for sign, limit in zip(argument[::2], argument[1::2], strict=True):
        if sign not in _COMPARISONS or not _is_number(limit):
            raise InvalidPatternError(path, f"{sign!r} {limit!r} is no comparison with a number")
        limits.append((_COMPARISONS[sign], limit))
    return lambda value: _is_number(value) and all(compare(value, limit) for compare, limit in limits)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _anything_but(argument: object, path: str) -> Matcher:
    if isinstance(argument, Mapping):
        if len(argument) != 1 or next(iter(argument)) not in _NEGATABLE:
            raise InvalidPatternError(path, f"anything-but takes values or one of {sorted(_NEGATABLE)}")
        name, inner = next(iter(argument.items()))
        unwanted = [_NEGATABLE[name](value, path) for value in (inner if isinstance(inner, list) else [inner])]
    else:
        unwanted = [_matcher(value, path) for value in (argument if isinstance(argument, list) else [argument])]
    return lambda value: value is not _MISSING and not any(matcher(value) for matcher in unwanted)


_NEGATABLE: Mapping[str, Callable[[object, str], Matcher]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
}
_OPERATORS: Mapping[str, Callable[[object, str], Matcher]] = {
    **_NEGATABLE,
    "anything-but": _anything_but,
    "exists": _exists,
    "numeric": _numeric,
}


def compile_choice(choices: Sequence[tuple[Mapping[str, Any], Chosen]]) -> Callable[[Facts], list[Chosen]]:
    """A function that gives what stands beside the patterns that match, in their order."""
    compiled = [(compile_pattern(pattern), chosen) for pattern, chosen in choices]
    return lambda facts: [chosen for matches, chosen in compiled if matches(facts)]
