"""`when:` conditions: a subset of EventBridge event patterns, checked here and compiled by `matching`.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html. Supported: literals, prefix,
suffix, anything-but, numeric, exists, equals-ignore-case, wildcard and $or. Two shorthands are ours: a key may be
dotted (`properties.path`), and a single value may stand without its list. A number is compared by its value (3 is 3.0).
A fact of the wrong type never matches and never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ripen.conditions.codegen import AnyOf, Check, Condition, Facts, Field, Predicate, choice, predicate
from ripen.errors import InvalidPatternError

__all__ = ["Facts", "Predicate", "check_pattern", "compile_choice", "compile_pattern", "event_names", "fields"]

T = TypeVar("T")
_MAX_DEPTH = 20
MAX_VALUES = 500
"""Keys and alternatives of one condition, all levels together. Python takes long to compile thousands."""


def compile_pattern(pattern: object, path: str = "") -> Predicate:
    """A predicate over facts (nested mappings) for `pattern`; every key of the pattern has to match.

    Raises InvalidPatternError naming the key that is not understood.
    """
    return predicate(_whole(pattern, path))


def compile_choice(rules: Iterable[tuple[object, T]], event: str | None = None) -> Callable[[Facts], list[T]]:
    """One function for many rules: it gives what stands beside each pattern that matches, in this order.

    Far cheaper than a predicate for each, because a field is looked up once for all of them. With `event`, the name
    of the only event that it will be asked about, what patterns say about the name is decided now.
    """
    return choice([(_whole(pattern), value) for pattern, value in rules], event)


def check_pattern(pattern: object) -> None:
    """Raises InvalidPatternError naming the key that is not understood."""
    _whole(pattern)


def fields(pattern: Mapping[str, Any]) -> Iterator[str]:
    """The fields that a valid pattern looks at, with dots, such as `properties.path`."""
    for key, wanted in pattern.items():
        if key == "$or":
            for one in wanted:
                yield from fields(one)
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


def _whole(pattern: object, path: str = "") -> list[Condition]:
    """The conditions of a pattern that is not too large."""
    values, level = 0, [pattern]
    for _ in range(2 * _MAX_DEPTH):  # a mapping within a list is two; what is nested more deeply is refused for that
        level = [inner for one in level for inner in (one.values() if isinstance(one, Mapping) else _items(one))]
        values += len(level)
        if values > MAX_VALUES:
            raise InvalidPatternError(path, f"holds too many keys and values; at most {MAX_VALUES}")
    return _parsed(pattern, path, ())


def _parsed(pattern: object, path: str, keys: tuple[str, ...]) -> list[Condition]:
    """The conditions of a pattern that stands at `keys`; `path` is how an error names the place."""
    if not isinstance(pattern, Mapping) or not pattern:
        raise InvalidPatternError(path, "a condition is a mapping of fields to what they must be, and not empty")
    conditions: list[Condition] = []
    for key, wanted in pattern.items():
        here = f"{path}.{key}" if path else str(key)
        if here.count(".") >= _MAX_DEPTH:  # Python compiles only so many brackets within brackets
            raise InvalidPatternError(here[:200], f"is nested too deeply; at most {_MAX_DEPTH} levels")
        inner = (*keys, *str(key).split("."))
        if key == "$or":
            conditions.append(_any_of(wanted, here, keys))
        elif isinstance(wanted, Mapping) and not _is_operator(wanted):
            conditions += _parsed(wanted, here, inner)
        else:
            conditions.append(_field(wanted, here, inner))
    return conditions


def _any_of(choices: object, path: str, keys: tuple[str, ...]) -> AnyOf:
    if not isinstance(choices, list) or len(choices) < 2:
        raise InvalidPatternError(path, "takes a list of two or more conditions")
    return AnyOf(tuple(tuple(_parsed(one, f"{path}[{n}]", keys)) for n, one in enumerate(choices)))


def _field(wanted: object, path: str, keys: tuple[str, ...]) -> Field:
    checks = [_check(value, path) for value in _list(wanted)]
    if not checks:
        raise InvalidPatternError(path, "has an empty list, which nothing can match")
    return Field(keys, tuple(checks))


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _is_operator(wanted: Mapping[str, Any]) -> bool:
    return len(wanted) == 1 and next(iter(wanted)) in _OPERATORS


def _check(wanted: object, path: str) -> Check:
    if isinstance(wanted, Mapping):
        if not _is_operator(wanted):
            raise InvalidPatternError(path, f"{sorted(map(str, wanted))} is not one of {sorted(_OPERATORS)}")
        [(name, argument)] = wanted.items()
        return _OPERATORS[name](argument, path)
    return _literal(wanted, path)


def _literal(wanted: object, path: str) -> Check:
    if wanted is None or isinstance(wanted, str | int | float):
        return Check("is", wanted)
    raise InvalidPatternError(path, f"{wanted!r} is no text, number, boolean, null or operator")


def _text(argument: object, path: str) -> str:
    if not isinstance(argument, str) or not argument:
        raise InvalidPatternError(path, f"{argument!r} is no text")
    return argument


def _prefix(argument: object, path: str) -> Check:
    return Check("prefix", _text(argument, path))


def _suffix(argument: object, path: str) -> Check:
    return Check("suffix", _text(argument, path))


def _equals_ignore_case(argument: object, path: str) -> Check:
    return Check("equals-ignore-case", _text(argument, path).lower())


def _wildcard(argument: object, path: str) -> Check:
    parts = _between_stars(_text(argument, path), path)
    if "" in parts[1:-1]:
        raise InvalidPatternError(path, "two * in a row")
    if len(parts) == 1:
        return Check("is", parts[0])
    return (
        Check("contains", parts[1]) if len(parts) == 3 and not parts[0] + parts[2] else Check("wildcard", tuple(parts))
    )


def _between_stars(text: str, path: str) -> list[str]:
    r"""The parts of a wildcard; `\*` is a star and `\\` a backslash that the text itself has."""
    parts, characters = [""], iter(text)
    for character in characters:
        if character == "*":
            parts.append("")
        elif character == "\\":
            escaped = next(characters, "")
            if escaped not in {"*", "\\"}:
                raise InvalidPatternError(path, r"a backslash stands only before a * or another backslash: \* or \\")
            parts[-1] += escaped
        else:
            parts[-1] += character
    return parts


def _exists(argument: object, path: str) -> Check:
    if not isinstance(argument, bool):
        raise InvalidPatternError(path, f"exists takes true or false, not {argument!r}")
    return Check("exists", argument)


def _numeric(argument: object, path: str) -> Check:
    if not isinstance(argument, list) or len(argument) not in {2, 4}:
        raise InvalidPatternError(path, 'numeric takes a list such as [">=", 10] or [">", 0, "<=", 5]')
    limits = tuple(zip(argument[::2], argument[1::2], strict=True))
    for sign, limit in limits:
        if sign not in _SIGNS or isinstance(limit, bool) or not isinstance(limit, int | float):
            raise InvalidPatternError(path, f"{sign!r} {limit!r} is no comparison with a number")
    return Check("numeric", limits)


def _anything_but(argument: object, path: str) -> Check:
    if not isinstance(argument, Mapping):
        unwanted = tuple(_literal(value, path) for value in _list(argument))
    elif len(argument) == 1 and next(iter(argument)) in _NEGATABLE:
        [(name, inner)] = argument.items()
        unwanted = tuple(_NEGATABLE[name](value, path) for value in _list(inner))
    else:
        raise InvalidPatternError(path, f"anything-but takes values or one of {sorted(_NEGATABLE)}")
    if not unwanted:
        raise InvalidPatternError(path, "anything-but has an empty list, which excludes nothing")
    return Check("anything-but", unwanted)


_SIGNS = ("<", "<=", "=", ">=", ">")
_NEGATABLE: Mapping[str, Callable[[object, str], Check]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
}
_OPERATORS: Mapping[str, Callable[[object, str], Check]] = {
    **_NEGATABLE,
    "anything-but": _anything_but,
    "exists": _exists,
    "numeric": _numeric,
}
