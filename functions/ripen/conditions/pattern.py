"""Parses and checks `when:` conditions, a subset of EventBridge event patterns; `codegen` compiles them.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html. Supported: literals, prefix,
suffix, anything-but, numeric, exists, equals-ignore-case, wildcard and $or. Ripen adds two shorthands: a key may be
dotted (`properties.path`), and a single value needs no list. Numbers are compared by value (3 equals 3.0). A fact of
the wrong type never matches and never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ripen.conditions.codegen import AnyOf, Check, Condition, Facts, Field, Predicate, choice, predicate
from ripen.errors import InvalidPatternError
from ripen.suggestions import did_you_mean

__all__ = [
    "OPERATORS",
    "Facts",
    "Predicate",
    "check_pattern",
    "compile_choice",
    "compile_pattern",
    "event_names",
    "fields",
]

T = TypeVar("T")
_MAX_DEPTH = 20
MAX_VALUES = 500
"""The most keys and values of one condition over all levels. Python takes long to compile thousands."""


def compile_pattern(pattern: object, path: str = "") -> Predicate:
    """A predicate over facts (nested mappings): True if every key of `pattern` matches.

    Raises InvalidPatternError that names the invalid key.
    """
    return predicate(_whole(pattern, path))


def compile_choice(rules: Iterable[tuple[object, T]], event: str | None = None) -> Callable[[Facts], list[T]]:
    """One function for many rules: from facts to the values of all patterns that match, in the order of the rules.

    It is far cheaper than one predicate for each rule, because all rules share the lookup of a field. `event` is the
    name of the only event that the function is for; tests of the name are then evaluated at compile time.
    """
    return choice([(_whole(pattern), value) for pattern, value in rules], event)


def check_pattern(pattern: object) -> None:
    """Raises InvalidPatternError that names the invalid key."""
    _whole(pattern)


def fields(pattern: Mapping[str, Any]) -> Iterator[str]:
    """The fields that a valid pattern tests, dotted, for example `properties.path`."""
    for key, wanted in pattern.items():
        if key == "$or":
            for one in wanted:
                yield from fields(one)
        elif isinstance(wanted, Mapping) and not _is_operator(wanted):
            yield from (f"{key}.{inner}" for inner in fields(wanted))
        else:
            yield str(key)


def event_names(pattern: Mapping[str, Any]) -> list[str] | None:
    """The only event names that `pattern` can match; None if other names may match too."""
    wanted = pattern.get("event")
    values = wanted if isinstance(wanted, list) else [wanted]
    names = [value for value in values if isinstance(value, str)]
    return names if len(names) == len(values) else None


def _whole(pattern: object, path: str = "") -> list[Condition]:
    """The conditions of a pattern. Raises InvalidPatternError if it is too large or invalid."""
    values, level = 0, [pattern]
    for _ in range(2 * _MAX_DEPTH):  # a mapping in a list counts as two levels; _parsed refuses deeper patterns
        level = [inner for one in level for inner in (one.values() if isinstance(one, Mapping) else _items(one))]
        values += len(level)
        if values > MAX_VALUES:
            raise InvalidPatternError(path, f"contains too many keys and values; the limit is {MAX_VALUES}")
    return _parsed(pattern, path, ())


def _parsed(pattern: object, path: str, keys: tuple[str, ...]) -> list[Condition]:
    """The conditions of a pattern for the fields below `keys`; `path` is the place that an error names."""
    if not isinstance(pattern, Mapping) or not pattern:
        raise InvalidPatternError(path, "a condition must be a mapping of fields to values, and must not be empty")
    conditions: list[Condition] = []
    for key, wanted in pattern.items():
        here = f"{path}.{key}" if path else str(key)
        if here.count(".") >= _MAX_DEPTH:  # Python limits nested brackets
            raise InvalidPatternError(here[:200], f"is nested too deeply; the limit is {_MAX_DEPTH} levels")
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
        raise InvalidPatternError(path, "needs a list of two or more conditions")
    return AnyOf(tuple(tuple(_parsed(one, f"{path}[{n}]", keys)) for n, one in enumerate(choices)))


def _field(wanted: object, path: str, keys: tuple[str, ...]) -> Field:
    checks = [_check(value, path) for value in _list(wanted)]
    if not checks:
        raise InvalidPatternError(path, "has an empty list, which no value can match; add a value")
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
            raise InvalidPatternError(
                path,
                f"{', '.join(sorted(map(str, wanted)))} is not an operator; known: {', '.join(OPERATORS)}"
                f"{did_you_mean(str(next(iter(wanted), '')), OPERATORS)}",
            )
        [(name, argument)] = wanted.items()
        return _OPERATORS[name](argument, path)
    return _literal(wanted, path)


def _literal(wanted: object, path: str) -> Check:
    if wanted is None or isinstance(wanted, str | int | float):
        return Check("is", wanted)
    raise InvalidPatternError(path, f"{wanted!r} is not a text, number, boolean, null or operator")


def _text(argument: object, path: str) -> str:
    if not isinstance(argument, str) or not argument:
        raise InvalidPatternError(path, f"{argument!r} is not a text, or is empty")
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
        raise InvalidPatternError(path, "contains two * in a row; write one")
    if len(parts) == 1:
        return Check("is", parts[0])
    return (
        Check("contains", parts[1]) if len(parts) == 3 and not parts[0] + parts[2] else Check("wildcard", tuple(parts))
    )


def _between_stars(text: str, path: str) -> list[str]:
    r"""The literal texts between the stars of a wildcard; `\*` is a literal star and `\\` a literal backslash."""
    parts, characters = [""], iter(text)
    for character in characters:
        if character == "*":
            parts.append("")
        elif character == "\\":
            escaped = next(characters, "")
            if escaped not in {"*", "\\"}:
                raise InvalidPatternError(
                    path, r"a backslash is allowed only before a * or another backslash: \* or \\"
                )
            parts[-1] += escaped
        else:
            parts[-1] += character
    return parts


def _exists(argument: object, path: str) -> Check:
    if not isinstance(argument, bool):
        raise InvalidPatternError(path, f"exists needs true or false, not {argument!r}")
    return Check("exists", argument)


def _numeric(argument: object, path: str) -> Check:
    if not isinstance(argument, list) or len(argument) not in {2, 4}:
        raise InvalidPatternError(path, 'numeric needs a list such as [">=", 10] or [">", 0, "<=", 5]')
    limits = tuple(zip(argument[::2], argument[1::2], strict=True))
    for sign, limit in limits:
        if sign not in _SIGNS or isinstance(limit, bool) or not isinstance(limit, int | float):
            raise InvalidPatternError(path, f"{sign!r} {limit!r} is not a comparison with a number")
    return Check("numeric", limits)


def _anything_but(argument: object, path: str) -> Check:
    if not isinstance(argument, Mapping):
        unwanted = tuple(_literal(value, path) for value in _list(argument))
    elif len(argument) == 1 and next(iter(argument)) in _NEGATABLE:
        [(name, inner)] = argument.items()
        unwanted = tuple(_NEGATABLE[name](value, path) for value in _list(inner))
    else:
        raise InvalidPatternError(path, f"anything-but needs values or one of {sorted(_NEGATABLE)}")
    if not unwanted:
        raise InvalidPatternError(path, "anything-but has an empty list, which excludes nothing; add a value")
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
OPERATORS = tuple(sorted(_OPERATORS))
"""The names of all operators."""
