"""Conditions that nothing can match: empty ranges, and values that a fact never has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from ripen.conditions.fields import LEAD_FIELDS, SESSION_FIELDS
from ripen.conditions.pattern import event_names
from ripen.config.configuration import Configuration
from ripen.config.schema.base import Path
from ripen.leads.proof import OptInProof
from ripen.sales.decisions import DISQUALIFIED, KINDS, REASONS, RETURNED
from ripen.sales.state import STATUSES
from ripen.scoring.personas import UNKNOWN
from ripen.scoring.score import DISPLAY_STEP
from ripen.sessions.channel_groups import CHANNEL_GROUPS
from ripen.suggestions import did_you_mean
from ripen.validation.score_bounds import highest_score

_OPERATORS = ("prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "exists", "numeric")
_USAGE = ("growing", "falling", "steady", UNKNOWN)
_FLAGS = ("session.new", "lead.known", "lead.subscribed", "lead.confirmed", "lead.held")
_TEXTS = (
    "phase",
    "stage",
    "persona",
    "interests",
    "top_interest",
    "surges",
    "usage",
    "language",
    "campaigns",
    "opt_in",
    "sales",
)
_NUMBERS = frozenset(
    {f"session.{name}" for name in SESSION_FIELDS} | {f"lead.{name}" for name in LEAD_FIELDS if name not in _TEXTS}
) - {*_FLAGS}
_NAMED_NUMBERS = ("lead.scores.", "lead.counts.")


class Leaf(NamedTuple):
    """One field of a condition: its path in the condition, its dotted name, and the wanted values and operators."""

    path: Path
    field: str
    wanted: Sequence[Any]


class Branch(NamedTuple):
    """One choice of a `$or`: its condition, its path, and the prefix of its field names."""

    when: Mapping[str, Any]
    path: Path
    outer: str


def parts(when: Mapping[str, Any], path: Path = (), outer: str = "") -> Iterator[Leaf | Branch]:
    """The fields of a valid condition that all have to match, and the choices of its `$or`."""
    for key, wanted in when.items():
        field = f"{outer}{key}"
        if key == "$or":
            yield from (Branch(choice, (*path, key, n), outer) for n, choice in enumerate(wanted))
        elif isinstance(wanted, Mapping) and not _is_operator(wanted):
            yield from parts(wanted, (*path, key), f"{field}.")
        else:
            yield Leaf((*path, key), field, wanted if isinstance(wanted, list) else [wanted])


def leaves(when: Mapping[str, Any], path: Path = (), outer: str = "") -> Iterator[Leaf]:
    """All fields of a valid condition, including those within `$or`."""
    for part in parts(when, path, outer):
        if isinstance(part, Branch):
            yield from leaves(*part)
        else:
            yield part


def impossible(configuration: Configuration, leaf: Leaf) -> Iterator[str]:
    """The problems of a field's wanted values, as messages."""
    for bounds in _operands(leaf, "numeric"):
        low, high = _range(bounds)
        if low > high:
            yield f"{leaf.field}: no number is {_spoken(bounds)}; correct the limits"
        elif leaf.field.startswith("lead.scores."):
            profile = configuration.profiles.get(leaf.field.removeprefix("lead.scores."))
            if profile and low > highest_score(profile) + DISPLAY_STEP / 2:
                highest = highest_score(profile)
                most = f"the rules of this profile give at most {highest:g} points"
                yield f"{leaf.field}: no lead can reach {low:g}, because {most}; write less"
    for value in _literals(leaf):
        if expected := _unlike(configuration, leaf.field, value):
            yield f"{leaf.field}: is never {value!r}; {expected}"


def unknown_reasons(when: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Reasons that no decision of sales has, in a condition on such decisions alone. Yields (path, problem)."""
    names = event_names(when) or ()
    kinds = [kind for kind, name in KINDS.items() if name in names]
    if not kinds or not all(name in (RETURNED, DISQUALIFIED) for name in names):
        return  # a CRM tells deals with reasons of its own
    known = {reason for kind in kinds for reason in REASONS[kind]}
    for leaf in leaves(when):
        for value in _literals(leaf) if leaf.field == "properties.reason" else ():
            if value not in known:
                values = f"possible values: {', '.join(sorted(known))}{did_you_mean(str(value), known)}"
                yield leaf.path, f"{leaf.field}: is never {value!r}; {values}"


def _unlike(configuration: Configuration, field: str, value: object) -> str:
    """The possible values or the type of a fact, for a message, if it never has this value; otherwise empty."""
    if value is None and field.startswith("traits."):
        return "a null is a missing trait; write {exists: false}"
    if (values := _values(configuration, field)) is not None and value not in values:
        return f"possible values: {', '.join(sorted(values)) or 'none'}{did_you_mean(str(value), values)}"
    types, spoken = _kind(field) or ((type(value),), "")
    return "" if type(value) in types else f"its value is {spoken}"


def _kind(field: str) -> tuple[tuple[type, ...], str] | None:
    """The types of a fact's value, and their name for a message; None if `_values` lists them or any type will do."""
    if field == "event":
        return (str,), "a text"
    if field in _FLAGS:
        return (bool,), "true or false"
    return ((int, float), "a number") if field in _NUMBERS or field.startswith(_NAMED_NUMBERS) else None


def _is_operator(wanted: Mapping[str, Any]) -> bool:
    return len(wanted) == 1 and next(iter(wanted)) in _OPERATORS


def _operands(leaf: Leaf, operator: str) -> Iterator[Any]:
    yield from (value[operator] for value in leaf.wanted if isinstance(value, Mapping) and operator in value)


def _literals(leaf: Leaf) -> Iterator[Any]:
    yield from (value for value in leaf.wanted if not isinstance(value, Mapping))
    for unwanted in _operands(leaf, "anything-but"):
        if not isinstance(unwanted, Mapping):
            yield from unwanted if isinstance(unwanted, list) else [unwanted]


def _range(bounds: Sequence[Any]) -> tuple[float, float]:
    """The smallest and the largest number that meet all comparisons in `bounds`."""
    low, high = -math.inf, math.inf
    for sign, limit in zip(bounds[::2], bounds[1::2], strict=True):
        if sign in (">", ">=", "="):
            low = max(low, math.nextafter(limit, math.inf) if sign == ">" else limit)
        if sign in ("<", "<=", "="):
            high = min(high, math.nextafter(limit, -math.inf) if sign == "<" else limit)
    return low, high


def _spoken(bounds: Sequence[Any]) -> str:
    return " and ".join(f"{sign} {limit:g}" for sign, limit in zip(bounds[::2], bounds[1::2], strict=True))


def _values(configuration: Configuration, field: str) -> frozenset[str] | None:
    """All possible values of a fact; None if they cannot be listed."""
    topics = configuration.interests.topics if configuration.interests else {}
    known: Mapping[str, Any] = {
        "lead.phase": configuration.phases,
        "lead.stage": configuration.stages,
        "lead.persona": (*configuration.personas, UNKNOWN),
        "lead.opt_in": [proof.name.lower() for proof in OptInProof],
        "lead.sales": STATUSES,
        "lead.interests": topics,
        "lead.top_interest": topics,
        "lead.surges": topics,
        "lead.usage": _USAGE if configuration.usage else (UNKNOWN,),
        "lead.first_touch.channel": CHANNEL_GROUPS,
        "lead.last_touch.channel": CHANNEL_GROUPS,
    }
    if field in known:
        return frozenset(known[field])
    grade = configuration.grades.get(field.removeprefix("lead.grades."))
    if grade is None or not field.startswith("lead.grades."):
        return None
    return frozenset(map("".join, product(grade.fit.levels, grade.engagement.levels)))
