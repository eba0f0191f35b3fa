"""The compiled rules of scoring: profiles, fits, grades, interests, personas, counts and product use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ripen.conditions.pattern import Predicate, compile_pattern, fields
from ripen.config.configuration import Configuration
from ripen.config.schema.interests import Interests
from ripen.config.schema.personas import Evidence
from ripen.config.schema.scoring import GradeAxis, PointsFrom, Profile, ScoreRule
from ripen.scoring.personas import EvidenceRule, PersonaRule
from ripen.scoring.points import Amount, Limit, Rule
from ripen.times import DAY, parse_duration, parse_iso


class TopicRule(NamedTuple):
    """A rule that adds `points` of interest in a topic."""

    topic: str
    points: float


class CountRule(NamedTuple):
    """A rule that counts events over the last `window` milliseconds."""

    name: str
    window: int


class PersonaEvidence(NamedTuple):
    """A rule for evidence of a persona from an event. Once matched, the evidence is permanent."""

    key: str


class ProductUse(NamedTuple):
    """A rule for events that count as use of the product."""


Observation = TopicRule | CountRule | PersonaEvidence | ProductUse
"""A rule that a matching event feeds with something other than points."""


class GradeRule(NamedTuple):
    """A grade: the fit profile and the engagement profile, each with its levels, best first."""

    name: str
    fit: GradeAxis
    engagement: GradeAxis


class InterestRules(NamedTuple):
    """The topics, the half-life (ms) of interest in them, and the least points of an interest."""

    topics: tuple[str, ...] = ()
    half_life: int | None = None
    at_least: float = 0.0


@dataclass(frozen=True, slots=True)
class ScoringRules:
    """The rules of scoring that match no event, times in milliseconds; keyed by profile, or by name of the count."""

    half_lives: Mapping[str, int | None]
    fits: tuple[tuple[Predicate, Rule], ...]
    claimed_weights: Mapping[str, float]
    grades: tuple[GradeRule, ...]
    interests: InterestRules
    personas: tuple[PersonaRule, ...]
    count_windows: Mapping[str, int]


def compile_scoring(configuration: Configuration) -> ScoringRules:
    """Compile the scoring rules of a valid configuration."""
    profiles = configuration.profiles
    return ScoringRules(
        half_lives={name: _half_life(profile.half_life) for name, profile in profiles.items()},
        fits=tuple(
            (compile_pattern(rule.when), Rule(profile, name, rule.points))
            for profile, model in profiles.items()
            for name, rule in model.fit.items()
        ),
        claimed_weights={name: profile.claimed for name, profile in profiles.items()},
        grades=tuple(GradeRule(name, grade.fit, grade.engagement) for name, grade in configuration.grades.items()),
        interests=_interests(configuration.interests),
        personas=tuple(
            PersonaRule(name, persona.at_least, tuple(_evidence(name, *sign) for sign in persona.evidence.items()))
            for name, persona in configuration.personas.items()
        ),
        count_windows={name: parse_duration(count.window) for name, count in configuration.counts.items()},
    )


def point_rules(configuration: Configuration) -> Iterator[tuple[Mapping[str, Any], Rule]]:
    """The rules that give points for events, each with its event pattern."""
    for profile_name, profile in configuration.profiles.items():
        for name, rule in profile.rules.items():
            yield rule.when, _rule(profile_name, name, profile, rule)


def observations(configuration: Configuration) -> Iterator[tuple[Mapping[str, Any], Observation]]:
    """The rules that an event feeds with something other than points, each with its event pattern."""
    if configuration.interests:
        for name, topic in configuration.interests.topics.items():
            yield topic.when, TopicRule(name, topic.points)
    for name, count in configuration.counts.items():
        yield count.when, CountRule(name, parse_duration(count.window))
    for persona, model in configuration.personas.items():
        for name, sign in model.evidence.items():
            evidence = _evidence(persona, name, sign)
            if evidence.happens:
                yield sign.when, PersonaEvidence(evidence.key)
    if configuration.usage:
        yield configuration.usage.when, ProductUse()


def _half_life(written: str | None) -> int | None:
    return parse_duration(written) if written else None


def _interests(written: Interests | None) -> InterestRules:
    if written is None:
        return InterestRules()
    return InterestRules(tuple(written.topics), _half_life(written.half_life), written.at_least)


def _evidence(persona: str, name: str, sign: Evidence) -> EvidenceRule:
    happens = any(field.partition(".")[0] not in ("traits", "lead") for field in fields(sign.when))
    return EvidenceRule(persona, name, compile_pattern(sign.when), sign.weight, happens, sign.title)


def _rule(profile_name: str, name: str, profile: Profile, rule: ScoreRule) -> Rule:
    amount = None
    if isinstance(rule.points, PointsFrom):
        amount = Amount(tuple(rule.points.source.split(".")), rule.points.per, rule.points.cap)
    return Rule(
        profile=profile_name,
        name=name,
        points=0.0 if amount else float(rule.points),  # type: ignore[arg-type]
        amount=amount,
        limits=_limits(profile_name, name, profile, rule),
        valid_from=parse_iso(rule.valid_from) if rule.valid_from else float("-inf"),
        valid_until=parse_iso(rule.valid_until) + DAY if rule.valid_until else float("inf"),
        plain=not (
            amount or rule.once or rule.cap or rule.cap_per_day or rule.group or rule.valid_from or rule.valid_until
        ),
        once=f"{profile_name}/{name}" if rule.once and not rule.window else "",
    )


def _limits(profile_name: str, name: str, profile: Profile, rule: ScoreRule) -> tuple[Limit, ...]:
    none = float("inf")
    limits = []
    if rule.once or rule.cap is not None or rule.cap_per_day is not None:
        window = parse_duration(rule.window) if rule.window else None
        key = f"{profile_name}/{name}"
        limits.append(Limit(key, rule.once, _or(rule.cap, none), _or(rule.cap_per_day, none), window))
    if rule.group is not None and rule.group in profile.groups:
        group = profile.groups[rule.group]
        limits.append(
            Limit(f"{profile_name}//{rule.group}", cap=_or(group.cap, none), cap_per_day=_or(group.cap_per_day, none))
        )
    return tuple(limits)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
