"""The active configuration, compiled once: predicates instead of patterns, milliseconds instead of `90d`.

Rules that match events are indexed by event name, so an event is checked only against rules that may match it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ripen.campaigns.campaign import CampaignRule, Signal, compile_campaigns
from ripen.conditions.pattern import Facts, Predicate, compile_choice, compile_pattern, event_names, fields
from ripen.config.configuration import Configuration
from ripen.config.schema.content import Asset, Offer
from ripen.config.schema.scoring import GradeAxis, PointsFrom, Profile, ScoreRule
from ripen.lifecycle.transitions import Lifecycle, compile_lifecycle
from ripen.scoring.personas import EvidenceRule, PersonaRule
from ripen.scoring.points import Amount, Limit, Rule
from ripen.scoring.score import points_for
from ripen.sessions.sessions import ConversionRule, compile_conversions
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


Matched = TopicRule | CountRule | PersonaEvidence | ProductUse | Signal


@dataclass(frozen=True, slots=True)
class EventMatchers:
    """The matchers for one event name: `rules` finds scoring rules, `others` finds all other rules.

    Each takes facts and returns the matches in configuration order. None means that nothing can match.
    """

    rules: Callable[[Facts], list[Rule]] | None
    others: Callable[[Facts], list[Matched]] | None


class GradeRule(NamedTuple):
    """A grade: the fit profile and the engagement profile, each with its levels, best first."""

    name: str
    fit: GradeAxis
    engagement: GradeAxis


@dataclass(frozen=True, slots=True)
class Rules:
    """The compiled configuration that a fold reads; times in milliseconds.

    A score starts `scored_campaigns`, a moment in time `timed_campaigns`, a segment `segment_campaigns`. `starts` lists
    by profile the names of the scored campaigns, each with the points that start it. `watchful_campaigns` have a goal
    or an exit on facts about the lead. `trusted` are the sources that are servers. A withdrawal of consent at an
    `erasing` source erases the lead. `by_event` has the matchers by event name, `any_event` those for all other names.
    """

    version: str
    half_lives: Mapping[str, int | None]
    fits: tuple[tuple[Predicate, Rule], ...]
    claimed_weights: Mapping[str, float]
    grades: tuple[GradeRule, ...]
    interest_half_life: int | None
    interest_at_least: float
    topics: tuple[str, ...]
    personas: tuple[PersonaRule, ...]
    count_windows: Mapping[str, int]
    phases: Lifecycle
    stages: Lifecycle | None
    campaigns: tuple[CampaignRule, ...]
    scored_campaigns: tuple[CampaignRule, ...]
    timed_campaigns: tuple[CampaignRule, ...]
    segment_campaigns: tuple[CampaignRule, ...]
    watchful_campaigns: frozenset[str]
    starts: Mapping[str, list[tuple[str, float]]]
    content: Mapping[str, Asset]
    offers: Mapping[str, Offer]
    language: str
    timezone: str
    conversions: tuple[ConversionRule, ...]
    trusted: frozenset[str]
    erasing: frozenset[str]
    any_event: EventMatchers
    by_event: Mapping[str, EventMatchers] = field(default_factory=dict)

    def campaign(self, name: str) -> CampaignRule:
        """The campaign of this name."""
        return next(campaign for campaign in self.campaigns if campaign.name == name)


def compile_rules(configuration: Configuration, version: str) -> Rules:
    """Compile a valid configuration."""
    interests = configuration.interests
    personas = tuple(
        PersonaRule(name, persona.at_least, tuple(_evidence(name, key, sign) for key, sign in persona.evidence.items()))
        for name, persona in configuration.personas.items()
    )
    campaigns, signals = compile_campaigns(configuration)
    any_event, by_event = _index([*_scoring(configuration)], [*_others(configuration, personas), *signals])
    return Rules(
        version=version,
        half_lives={
            name: parse_duration(profile.half_life) if profile.half_life else None
            for name, profile in configuration.profiles.items()
        },
        fits=tuple(
            (compile_pattern(rule.when), Rule(profile, name, rule.points))
            for profile, model in configuration.profiles.items()
            for name, rule in model.fit.items()
        ),
        claimed_weights={name: profile.claimed for name, profile in configuration.profiles.items()},
        grades=tuple(GradeRule(name, grade.fit, grade.engagement) for name, grade in configuration.grades.items()),
        interest_half_life=parse_duration(interests.half_life) if interests else None,
        interest_at_least=interests.at_least if interests else 0.0,
        topics=tuple(interests.topics) if interests else (),
        personas=personas,
        count_windows={name: parse_duration(count.window) for name, count in configuration.counts.items()},
        phases=compile_lifecycle(configuration.phases),
        stages=compile_lifecycle(configuration.stages) if configuration.stages else None,
        campaigns=campaigns,
        scored_campaigns=tuple(campaign for campaign in campaigns if campaign.score is not None),
        timed_campaigns=tuple(campaign for campaign in campaigns if campaign.by_time),
        segment_campaigns=tuple(campaign for campaign in campaigns if campaign.segment is not None),
        watchful_campaigns=frozenset(campaign.name for campaign in campaigns if campaign.goal or campaign.exits),
        starts=_starts(campaigns),
        content=configuration.content,
        offers=configuration.offers,
        language=configuration.mailing.language,
        timezone=configuration.mailing.timezone,
        conversions=compile_conversions({name: one.when for name, one in configuration.conversions.items()}),
        trusted=frozenset(name for name, source in configuration.sources.items() if source.kind == "server"),
        erasing=frozenset(name for name, source in configuration.sources.items() if source.on_withdrawal == "erase"),
        any_event=any_event,
        by_event=by_event,
    )


def _starts(campaigns: Sequence[CampaignRule]) -> dict[str, list[tuple[str, float]]]:
    starts: dict[str, list[tuple[str, float]]] = {}
    for campaign in campaigns:
        if campaign.score:
            starts.setdefault(campaign.score.profile, []).append((campaign.name, points_for(campaign.score.at_least)))
    return starts


Watched = list[tuple[Mapping[str, Any], Any]]
"""Patterns, each with the rule that it stands for."""


def _scoring(configuration: Configuration) -> Iterator[tuple[Mapping[str, Any], Rule]]:
    for profile_name, profile in configuration.profiles.items():
        for name, rule in profile.rules.items():
            yield rule.when, _rule(profile_name, name, profile, rule)


def _others(
    configuration: Configuration, personas: Sequence[PersonaRule]
) -> Iterator[tuple[Mapping[str, Any], Matched]]:
    if configuration.interests:
        for name, topic in configuration.interests.topics.items():
            yield topic.when, TopicRule(name, topic.points)
    for name, count in configuration.counts.items():
        yield count.when, CountRule(name, parse_duration(count.window))
    for persona in personas:
        for sign in persona.evidence:
            if sign.happens:
                yield configuration.personas[persona.name].evidence[sign.name].when, PersonaEvidence(sign.key)
    if configuration.usage:
        yield configuration.usage.when, ProductUse()


def _index(scoring: Watched, others: Watched) -> tuple[EventMatchers, dict[str, EventMatchers]]:
    names = {name for when, _ in (*scoring, *others) for name in event_names(when) or ()}
    return (
        EventMatchers(_choice(scoring, None), _choice(others, None)),
        {name: EventMatchers(_choice(scoring, name), _choice(others, name)) for name in names},
    )


def _choice(watched: Watched, name: str | None) -> Callable[[Facts], list[Any]] | None:
    """A matcher for events of this name; None if nothing can match.

    A `name` of None stands for every event name that no pattern lists.
    """
    among = [(when, found) for when, found in watched if (names := event_names(when)) is None or name in names]
    return compile_choice(among, name) if among else None


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


def _evidence(persona: str, name: str, sign: Any) -> EvidenceRule:
    happens = any(field.partition(".")[0] not in ("traits", "lead") for field in fields(sign.when))
    return EvidenceRule(persona, name, compile_pattern(sign.when), sign.weight, happens, sign.title)
