"""The active configuration, compiled once: predicates instead of patterns, milliseconds instead of `90d`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ripen.configuration import Configuration, EntryCondition, ScoreAtLeast, ScoreCondition
from ripen.pattern import Predicate, compile_pattern, event_names
from ripen.times import parse_duration
from ripen.visits import ConversionRule, compile_conversions


@dataclass(frozen=True, slots=True)
class Rule:
    """One scoring rule, ready to run."""

    profile: str
    name: str
    matches: Predicate
    points: float
    once: bool
    cap_per_day: float | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One way into a phase; durations in milliseconds, an empty `come_from` means from any other phase."""

    come_from: frozenset[str]
    score: ScoreCondition | None
    matches: Predicate | None
    inactive_for: int | None
    in_phase_for: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class PhaseRule:
    """A phase with the ways into it."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class CampaignRule:
    """A campaign: started by a score (perhaps not before an event that matches) or by a phase."""

    name: str
    score: ScoreAtLeast | None
    after: Predicate | None
    phase: str | None
    mail: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything a fold needs to know. `for_event(name)` is the index that keeps many rules cheap."""

    version: str
    half_lives: Mapping[str, int | None]
    phases: tuple[PhaseRule, ...]
    campaigns: tuple[CampaignRule, ...]
    any_event: tuple[Rule, ...]
    by_event: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    conversions: tuple[ConversionRule, ...] = ()

    def for_event(self, name: str) -> tuple[Rule, ...]:
        """The scoring rules that may match an event of this name, in the order they were written."""
        return self.by_event.get(name, self.any_event)


def compile_rules(configuration: Configuration, version: str) -> Rules:
    """Compile a configuration that has no problems."""
    rules: list[tuple[Rule, list[str] | None]] = []
    for profile_name, profile in configuration.profiles.items():
        for name, rule in profile.rules.items():
            matches = compile_pattern(rule.when)
            compiled = Rule(profile_name, name, matches, rule.points, rule.once, rule.cap_per_day)
            rules.append((compiled, event_names(rule.when)))
    return Rules(
        version=version,
        half_lives={
            name: parse_duration(profile.half_life) if profile.half_life else None
            for name, profile in configuration.profiles.items()
        },
        phases=tuple(
            PhaseRule(name, tuple(_entry(condition) for condition in phase.enter))
            for name, phase in configuration.phases.items()
        ),
        campaigns=tuple(
            CampaignRule(
                name,
                campaign.start.score,
                compile_pattern(campaign.start.after) if campaign.start.after else None,
                campaign.start.phase,
                campaign.mail,
            )
            for name, campaign in configuration.campaigns.items()
        ),
        any_event=tuple(rule for rule, names in rules if names is None),
        by_event=_index(rules),
        conversions=compile_conversions({name: rule.when for name, rule in configuration.conversions.items()}),
    )


def _index(rules: Iterable[tuple[Rule, list[str] | None]]) -> dict[str, tuple[Rule, ...]]:
    rules = list(rules)
    every_name = {name for _, names in rules if names for name in names}
    return {event: tuple(rule for rule, names in rules if names is None or event in names) for event in every_name}


def _entry(condition: EntryCondition) -> Entry:
    return Entry(
        come_from=frozenset(condition.come_from),
        score=condition.score,
        matches=compile_pattern(condition.when) if condition.when else None,
        inactive_for=parse_duration(condition.inactive_for) if condition.inactive_for else None,
        in_phase_for=parse_duration(condition.in_phase_for) if condition.in_phase_for else None,
        reason=_reason(condition),
    )


def _reason(condition: EntryCondition) -> str:
    parts = []
    if condition.score and condition.score.at_least is not None:
        parts.append(f"{condition.score.profile} score of {condition.score.at_least:g} or more")
    if condition.score and condition.score.below is not None:
        parts.append(f"{condition.score.profile} score below {condition.score.below:g}")
    if condition.when:
        names = event_names(condition.when)
        parts.append(" or ".join(names) if names else "an event that matches")
    if condition.inactive_for:
        parts.append(f"inactive for {condition.inactive_for}")
    if condition.in_phase_for:
        parts.append(f"{condition.in_phase_for} in the phase before")
    return " and ".join(parts)
