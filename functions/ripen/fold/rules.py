"""The active configuration, compiled once: predicates instead of patterns, milliseconds instead of `90d`.

Rules that match events are indexed by event name, so an event is checked only against rules that may match it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ripen.campaigns.campaign import CampaignRules, Signal, compile_campaigns
from ripen.conditions.pattern import Facts, compile_choice, event_names
from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.config.schema.campaigns import Edition
from ripen.config.schema.content import Asset, Offer
from ripen.lifecycle.transitions import Lifecycles, compile_lifecycles
from ripen.people.rules import PeopleRules, compile_people
from ripen.scoring.points import Rule
from ripen.scoring.rules import Observation, ScoringRules, compile_scoring, observations, point_rules
from ripen.sessions.attribution import IgnoredHosts
from ripen.sessions.sessions import ConversionRule, compile_conversions
from ripen.times import parse_duration

Matched = Observation | Signal


class EventMatchers(NamedTuple):
    """The matchers for one event name: `rules` finds scoring rules, `others` finds all other rules.

    Each takes facts and returns the matches in configuration order. None means that nothing can match.
    """

    rules: Callable[[Facts], list[Rule]] | None
    others: Callable[[Facts], list[Matched]] | None


@dataclass(frozen=True, slots=True)
class Rules:
    """The compiled configuration that a fold reads; times in milliseconds.

    Nobody is brought by `ignored_referrers`. `trusted` are the sources that are servers. A withdrawal of consent at an
    `erasing` source erases the lead; so does the end of the relationship after `erase_after_end` (None: never).
    `by_event` has the matchers by event name, `any_event` those for all other names.
    """

    version: str
    scoring: ScoringRules
    lifecycles: Lifecycles
    campaigns: CampaignRules
    people: PeopleRules | None
    conversions: tuple[ConversionRule, ...]
    ignored_referrers: IgnoredHosts
    content: Mapping[str, Asset]
    offers: Mapping[str, Offer]
    language: str
    timezone: str
    trusted: frozenset[str]
    erasing: frozenset[str]
    erase_after_end: int | None
    any_event: EventMatchers
    by_event: Mapping[str, EventMatchers]


def compile_active(active: ActiveConfiguration) -> Rules:
    """Compile the published configuration."""
    return compile_rules(active.configuration, active.rules_version, active.editions)


def compile_rules(
    configuration: Configuration, version: str, editions: Mapping[str, Sequence[Edition]] = MappingProxyType({})
) -> Rules:
    """Compile a valid configuration. `editions` are the former steps of its campaigns, oldest first."""
    campaigns, signals = compile_campaigns(configuration, editions)
    any_event, by_event = _index([*point_rules(configuration)], [*observations(configuration), *signals])
    sources = configuration.sources.items()
    return Rules(
        version=version,
        scoring=compile_scoring(configuration),
        lifecycles=compile_lifecycles(configuration),
        campaigns=campaigns,
        people=compile_people(configuration),
        conversions=compile_conversions({name: one.when for name, one in configuration.conversions.items()}),
        ignored_referrers=ignored_referrers(configuration),
        content=configuration.content,
        offers=configuration.offers,
        language=configuration.mailing.language,
        timezone=configuration.mailing.timezone,
        trusted=frozenset(name for name, source in sources if source.kind == "server"),
        erasing=frozenset(name for name, source in sources if source.on_withdrawal == "erase"),
        erase_after_end=parse_duration(after) if (after := configuration.privacy.erase_after_end) else None,
        any_event=any_event,
        by_event=by_event,
    )


def ignored_referrers(configuration: Configuration) -> IgnoredHosts:
    """The hosts from which nobody is brought: those of the rules, and the pages of all sources."""
    origins = (origin for source in configuration.sources.values() for origin in source.origins)
    own = ((urlsplit(origin).hostname or "").removeprefix("www.") for origin in origins)
    return frozenset(filter(None, (*configuration.ignore_referrers, *own)))


Watched = Sequence[tuple[Mapping[str, Any], Any]]
"""Patterns, each with the rule that it stands for."""


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
