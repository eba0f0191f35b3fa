"""Compiled campaigns, and the progress of a lead in each: its numbered starts and its current run.

An intent carries the number of its start, and its outcome in the ledger repeats the number. Folding the same events
again therefore gives the same intent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from typing import Any, NamedTuple

from ripen.campaigns.frequency_caps import (
    NO_CAPS,
    FrequencyCaps,
    Hours,
    Rhythm,
    compile_caps,
    compile_hours,
    compile_rhythm,
)
from ripen.campaigns.steps import Do, Program, compile_steps
from ripen.conditions.pattern import Predicate, compile_pattern, fields
from ripen.config.configuration import Configuration
from ripen.config.schema.campaigns import Campaign, Date
from ripen.config.schema.lifecycle import ScoreAtLeast
from ripen.config.schema.mailing import Mailing
from ripen.events.event import MAIL
from ripen.times import DAY, parse_duration

_CREDIT = 30 * DAY
"""Milliseconds for which completed steps count for the next start if the events of their own start are gone.

Events are gone once they count as a bot's or expire.
"""

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

    Its trigger is `score`, `phase`, `inactive_for`, `date`, `rhythm`, `segment`, or an event (a signal). If `gated`,
    the score triggers only after another event. `goal` and `exits` are the conditions on facts alone; those on events
    are signals. `reentry_after` is the least time between two starts (None: no limit; NEVER: one start only). `hours`
    and `limits` apply to its mails, `category_limits` to all mails of its category. `by_mail_alone` is true if all its
    actions are mails. `holdout_share` is the share of leads (0 to 1) in the control group, which gets nothing. If it
    `confirms`, its mails go to the address that the lead named last.
    """

    name: str
    program: Program
    by_mail_alone: bool
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
    category: str = ""
    priority: int = 50
    holdout_share: float = 0.0
    valid_for: int = 7 * DAY
    drop_when_capped: bool = False
    hours: tuple[Hours, ...] = ()
    limits: FrequencyCaps = NO_CAPS
    category_limits: FrequencyCaps = NO_CAPS

    @property
    def by_time(self) -> bool:
        """True if the passing of time starts the campaign."""
        return self.inactive_for is not None or self.date is not None or self.rhythm is not None


@dataclass(slots=True)
class Run:
    """A current run of a campaign; moments in milliseconds.

    `at` is the index of its instruction, `since` the moment it got there, `began` the moment of the start. `control`
    is true in the control group. `happened` holds the numbers of the event patterns that have matched.
    """

    at: int
    since: int
    began: int
    control: bool = False
    happened: set[int] = _field(default_factory=set)


@dataclass(slots=True)
class Progress:
    """The progress of a lead in a campaign; moments in milliseconds, -1 for never.

    `number` and `began` are those of the latest start; `run` is the current run. `unlocked` is false only until the
    event of a gated campaign happens. `matching` is true from a trigger by score or segment until the score drops or
    the lead leaves the segment. `last_trigger` is the moment that last triggered a start by time. `done` are the
    completed steps of this number. Until `carry_over_until` the next start takes over this number and `done`.
    `unconfirmed` are the numbers of starts with an action that may or may not have been carried out.
    """

    unlocked: bool
    number: int = 0
    began: int = -1
    matching: bool = False
    last_trigger: int = -1
    carry_over_until: int = -1
    run: Run | None = None
    done: list[str] = _field(default_factory=list)
    unconfirmed: tuple[int, ...] = ()

    def may_start(self, rule: CampaignRule, moment: int) -> bool:
        """True if the campaign has no current run and `reentry_after` permits another start."""
        if self.run is not None:
            return False
        if rule.reentry_after == NEVER:
            return self.number == 0 or moment <= self.carry_over_until
        return self.began < 0 or rule.reentry_after is None or moment - self.began >= rule.reentry_after

    def start(self, moment: int, *, control: bool) -> None:
        """Starts a run. A start in time for a carry-over keeps the number and the completed steps."""
        if moment <= self.carry_over_until:
            self.carry_over_until = -1
        else:
            self.number += 1
            self.done = []
        self.began = moment
        self.run = Run(0, moment, moment, control)

    def end(self, number: int, step: str, name: str, moment: int) -> None:
        """Records the final outcome of a step, done or failed."""
        if number in self.unconfirmed and number < self.number:
            return  # a late outcome of an earlier, unconfirmed mail
        if name.endswith("Unconfirmed"):
            self.unconfirmed = (*self.unconfirmed[-9:], number)
        if number > self.number:
            if self.run is None:
                self.carry_over_until = moment + _CREDIT
            self.number = number
            self.done = []
        if step not in self.done:
            self.done.append(step)

    def as_json(self) -> list[Any]:
        """The JSON values that `from_json` reads."""
        run = self.run
        under_way = run and [run.at, run.since, run.began, run.control, sorted(run.happened)]
        last = [self.carry_over_until, under_way, self.done, list(self.unconfirmed)]
        return [self.unlocked, self.number, self.began, self.matching, self.last_trigger, *last]

    @classmethod
    def from_json(cls, values: list[Any]) -> Progress:
        """Restores what `as_json` returned."""
        is_open, number, began, above, mark, credit, under_way, done, doubtful = values
        run = _run(*under_way) if under_way else None
        return cls(is_open, number, began, above, mark, credit, run, list(done), tuple(doubtful))


def _run(at: int, since: int, began: int, control: bool, happened: Iterable[int]) -> Run:
    return Run(at, since, began, control, set(happened))


def first_progress(campaigns: Iterable[CampaignRule]) -> dict[str, Progress]:
    """The initial progress of each campaign, by name."""
    return {campaign.name: Progress(unlocked=not campaign.gated) for campaign in campaigns}


def take_outcome(progress: Mapping[str, Progress], properties: Mapping[str, Any], name: str, moment: int) -> None:
    """Applies the outcome in one of Ripen's own events; ignores an unknown campaign or an incomplete event."""
    found = progress.get(str(properties.get("campaign")))
    number, step = properties.get("cycle"), properties.get("step")
    if found is not None and isinstance(number, int) and isinstance(step, str):
        found.end(number, step, name, moment)


def compile_campaigns(configuration: Configuration) -> tuple[tuple[CampaignRule, ...], list[Watched]]:
    """The compiled campaigns of a configuration, and the event patterns to watch with their signals."""
    compiled = [_compile(name, campaign, configuration.mailing) for name, campaign in configuration.campaigns.items()]
    return tuple(rule for rule, _ in compiled), [watched for _, signals in compiled for watched in signals]


def of_facts(pattern: Mapping[str, Any]) -> bool:
    """True if a condition looks only at facts about the lead (`lead`, `traits`), and so needs no event."""
    return all(field.partition(".")[0] in ("lead", "traits") for field in fields(pattern))


def _compile(name: str, campaign: Campaign, mailing: Mailing) -> tuple[CampaignRule, list[Watched]]:
    program, patterns = compile_steps(campaign.all_steps, campaign.valid_for)
    return _rule(name, campaign, program, mailing), _signals(name, campaign, patterns)


def _rule(name: str, campaign: Campaign, program: Program, mailing: Mailing) -> CampaignRule:
    start = campaign.start
    category = mailing.categories.get(campaign.category or "", None)
    return CampaignRule(
        name,
        program,
        by_mail_alone=all(step.channel == MAIL for step in program if isinstance(step, Do)),
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
