"""Compiled campaigns: their triggers, programs, limits, and the events that they watch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from ripen.campaigns.editions import FormerSteps, places
from ripen.campaigns.frequency_caps import NO_CAPS, FrequencyCaps, compile_caps
from ripen.campaigns.sending_hours import Hours, Rhythm, compile_hours, compile_rhythm
from ripen.campaigns.steps import Do, Program, compile_steps
from ripen.conditions.pattern import Predicate, compile_pattern, fields
from ripen.config.configuration import Configuration
from ripen.config.schema.campaigns import Campaign, Date, Edition
from ripen.config.schema.lifecycle import ScoreAtLeast
from ripen.config.schema.mailing import Mailing
from ripen.events.event import HANDOFF, MAIL
from ripen.scoring.score import points_for
from ripen.times import DAY, parse_duration

NEVER = -1
"""The `reentry_after` of a campaign that starts only once."""


class Signal(NamedTuple):
    """The effect of a matching event on a campaign, by `kind`.

    `open` unlocks the score trigger, `begin` starts a run, `goal` and `exit` end it. `happened` records that the event
    pattern with this `number` has matched.
    """

    campaign: str
    kind: str
    number: int = 0


Watched = tuple[dict[str, Any], Signal]
"""An event pattern, and the signal that a matching event gives."""


class DateRule(NamedTuple):
    """A trigger on the day in a trait: the campaign starts `offset` milliseconds after it (before, if negative)."""

    trait: str
    offset: int
    yearly: bool


@dataclass(frozen=True, slots=True)
class CampaignRule:
    """A compiled campaign; durations in milliseconds.

    `former` are the programs that leads followed before an edit, oldest first. Its trigger is `score`, `phase`,
    `inactive_for`, `date`, `rhythm`, `segment`, or an event (a signal). If `gated`, the score triggers only after
    another event. `goal` and `exits` are the conditions on facts alone; those on events are signals. `reentry_after` is
    the least time between two starts (None: no limit; NEVER: one start only). `hours` and `limits` apply to its mails,
    `category_limits` to all mails of its category. `by_mail_alone` is true if all its actions are mails. It
    `hands_over` if one of its steps is a handoff. `holdout_share` is the share of leads (0 to 1) in the control group,
    which gets nothing. If it `confirms`, its mails go to the address that the lead named last. Mails that are
    `from_rep` are written in the name of the lead's rep.
    """

    name: str
    program: Program
    former: tuple[FormerSteps, ...]
    by_mail_alone: bool
    hands_over: bool = False
    score: ScoreAtLeast | None = None
    gated: bool = False
    phase: str | None = None
    inactive_for: int | None = None
    date: DateRule | None = None
    rhythm: Rhythm | None = None
    segment: Predicate | None = None
    only_if: Predicate | None = None
    goal: Predicate | None = None
    exits: tuple[Predicate, ...] = ()
    reentry_after: int | None = None
    transactional: bool = False
    confirms: bool = False
    from_rep: bool = False
    category: str = ""
    priority: int = 50
    holdout_share: float = 0.0
    valid_for: int = 7 * DAY
    drop_when_capped: bool = False
    hours: tuple[Hours, ...] = ()
    limits: FrequencyCaps = NO_CAPS
    category_limits: FrequencyCaps = NO_CAPS

    def edition(self, moment: int) -> int:
        """The number of the program that leads follow at `moment` (ms), counted from the oldest."""
        return sum(former.until <= moment for former in self.former)

    def program_of(self, edition: int) -> Program:
        """The program of this number."""
        return self.former[edition].program if edition < len(self.former) else self.program

    @property
    def by_event(self) -> bool:
        """True if nothing but an event starts the campaign."""
        return self.score is None and self.phase is None and self.segment is None and not self.by_time

    @property
    def by_time(self) -> bool:
        """True if the passing of time starts the campaign."""
        return self.inactive_for is not None or self.date is not None or self.rhythm is not None


@dataclass(frozen=True, slots=True)
class CampaignRules:
    """All compiled campaigns, and those that start by a score, by time or by a segment.

    `watchful` are the names of those with a goal or an exit on facts about the lead. `starts` lists by profile the
    scored campaigns, each with the points that start it.
    """

    all: tuple[CampaignRule, ...]
    scored: tuple[CampaignRule, ...]
    timed: tuple[CampaignRule, ...]
    by_segment: tuple[CampaignRule, ...]
    watchful: frozenset[str]
    starts: Mapping[str, list[tuple[CampaignRule, float]]]

    def named(self, name: str) -> CampaignRule:
        """The campaign of this name."""
        return next(campaign for campaign in self.all if campaign.name == name)


def compile_campaigns(
    configuration: Configuration, editions: Mapping[str, Sequence[Edition]]
) -> tuple[CampaignRules, list[Watched]]:
    """The compiled campaigns of a configuration, and the event patterns to watch with their signals.

    `editions` are the former steps of the campaigns, oldest first.
    """
    compiled = [
        _compile(name, campaign, editions.get(name, ()), configuration.mailing)
        for name, campaign in configuration.campaigns.items()
    ]
    rules = tuple(rule for rule, _ in compiled)
    grouped = CampaignRules(
        all=rules,
        scored=tuple(rule for rule in rules if rule.score is not None),
        timed=tuple(rule for rule in rules if rule.by_time),
        by_segment=tuple(rule for rule in rules if rule.segment is not None),
        watchful=frozenset(rule.name for rule in rules if rule.goal or rule.exits),
        starts=_starts(rules),
    )
    return grouped, [watched for _, signals in compiled for watched in signals]


def _starts(campaigns: Iterable[CampaignRule]) -> dict[str, list[tuple[CampaignRule, float]]]:
    starts: dict[str, list[tuple[CampaignRule, float]]] = {}
    for campaign in campaigns:
        if campaign.score:
            starts.setdefault(campaign.score.profile, []).append((campaign, points_for(campaign.score.at_least)))
    return starts


def of_facts(pattern: Mapping[str, Any]) -> bool:
    """True if a condition looks only at facts about the lead (`lead`, `traits`), and so needs no event."""
    return all(field.partition(".")[0] in ("lead", "traits") for field in fields(pattern))


def _compile(
    name: str, campaign: Campaign, editions: Sequence[Edition], mailing: Mailing
) -> tuple[CampaignRule, list[Watched]]:
    patterns: list[dict[str, Any]] = []
    old = [compile_steps(one.steps, one.valid_for, patterns) for one in editions]
    program = compile_steps(campaign.all_steps, campaign.valid_for, patterns)
    former = tuple(
        FormerSteps(before, one.until, places(before, after))
        for one, (before, after) in zip(editions, pairwise([*old, program]), strict=True)
    )
    return _rule(name, campaign, program, former, mailing), _signals(name, campaign, patterns)


def _rule(
    name: str, campaign: Campaign, program: Program, former: tuple[FormerSteps, ...], mailing: Mailing
) -> CampaignRule:
    start = campaign.start
    category = mailing.categories.get(campaign.category or "", None)
    return CampaignRule(
        name,
        program,
        former,
        by_mail_alone=all(
            step.channel == MAIL
            for steps in (program, *(one.program for one in former))
            for step in steps
            if isinstance(step, Do)
        ),
        hands_over=any(isinstance(step, Do) and step.channel == HANDOFF for step in program),
        score=start.score,
        gated=start.after is not None,
        phase=start.phase,
        inactive_for=_milliseconds(start.inactive_for),
        date=_date(start.date) if start.date else None,
        rhythm=compile_rhythm(start.schedule) if start.schedule else None,
        segment=_predicate(start.segment),
        only_if=_predicate(campaign.only_if),
        goal=_predicate(campaign.goal) if campaign.goal and of_facts(campaign.goal) else None,
        exits=tuple(compile_pattern(leaves) for leaves in campaign.exit if of_facts(leaves)),
        reentry_after=NEVER if campaign.again == "never" else _milliseconds(campaign.again),
        transactional=campaign.transactional,
        confirms=campaign.confirms,
        from_rep=campaign.from_rep,
        category=campaign.category or "",
        priority=campaign.priority,
        holdout_share=campaign.control / 100,
        valid_for=parse_duration(campaign.valid_for),
        drop_when_capped=campaign.when_capped == "drop",
        hours=(compile_hours(mailing.window),),
        limits=compile_caps(mailing.caps),
        category_limits=compile_caps(category.caps) if category else NO_CAPS,
    )


def _signals(name: str, campaign: Campaign, patterns: Iterable[dict[str, Any]]) -> list[Watched]:
    # `happened` comes before `begin`, so the event that starts a run does not count as one within it.
    signals = [(pattern, Signal(name, "happened", number)) for number, pattern in enumerate(patterns)]
    if campaign.goal and not of_facts(campaign.goal):
        signals.append((campaign.goal, Signal(name, "goal")))
    signals += [(leaves, Signal(name, "exit")) for leaves in campaign.exit if not of_facts(leaves)]
    if campaign.start.after:
        signals.append((campaign.start.after, Signal(name, "open")))
    if campaign.start.event:
        signals.append((campaign.start.event, Signal(name, "begin")))
    return signals


def _predicate(pattern: Mapping[str, Any] | None) -> Predicate | None:
    return compile_pattern(pattern) if pattern else None


def _milliseconds(duration: str | None) -> int | None:
    return parse_duration(duration) if duration else None


def _date(date: Date) -> DateRule:
    offset = parse_duration(date.after) if date.after else -parse_duration(date.before) if date.before else 0
    return DateRule(date.trait, offset, date.yearly)
