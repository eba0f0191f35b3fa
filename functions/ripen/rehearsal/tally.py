"""The numbers of a rehearsal: added up lead by lead, and merged from parts in any order."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from ripen.campaigns.campaign import CampaignRules
from ripen.campaigns.state import CampaignNote, Run
from ripen.campaigns.steps import Do, Program, Wait
from ripen.events.event import HANDOFF, MAIL, MAILED
from ripen.fold.runs import CONTROL_GROUP, DROPPED, GIVEN_UP, NOT_ALLOWED, TOO_MANY
from ripen.rehearsal.forecast import HANDOFFS, MAILS, WEEK
from ripen.rehearsal.plan import ACTIVE, CANDIDATE, Plan
from ripen.rehearsal.reading import Reading
from ripen.rehearsal.replay import Rehearsed, RuleSet, rehearse
from ripen.times import SECOND

MOST_NAMES = 50
"""The most leads that are named behind a number."""

BUCKET = 10
"""The points that one bar of the distribution of scores covers."""

SENT, FAILED, CAPPED, SUPPRESSED, CONTROL, SKIPPED = "sent", "failed", "capped", "suppressed", "control", "skipped"
"""The fates of a mail that a campaign came to."""

_FORECAST = {MAIL: MAILS, HANDOFF: HANDOFFS}

Key = tuple[str | int | float, ...]
"""A counted thing: a kind, mostly the number of a rule set, and details."""


@dataclass(slots=True)
class Tally:
    """`counts` by key; `names` are leads behind a number, at most MOST_NAMES, the first by name."""

    counts: Counter[Key] = field(default_factory=Counter)
    names: dict[Key, list[str]] = field(default_factory=dict)

    def add(self, *key: str | float, lead: str = "", by: int = 1) -> None:
        """Count something, and name the `lead` behind it."""
        self.counts[key] += by
        if lead:
            self._name(key, lead)

    def merge(self, other: Tally) -> None:
        """Add the numbers of another part."""
        self.counts.update(other.counts)
        for key, leads in other.names.items():
            named = self.names.get(key, [])
            if len(named) < MOST_NAMES or leads[0] < named[-1]:
                self.names[key] = sorted([*named, *leads])[:MOST_NAMES]

    def dump(self) -> dict[str, Any]:
        """The numbers as plain JSON values, for `load`."""
        return {
            "counts": [[*key, count] for key, count in self.counts.items()],
            "names": [[[*key], leads] for key, leads in self.names.items()],
        }

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> Tally:
        """The tally that `dump` has given."""
        counts = Counter({tuple(key): count for *key, count in values["counts"]})
        return cls(counts, {tuple(key): [*leads] for key, leads in values["names"]})

    def _name(self, key: Key, lead: str) -> None:
        named = self.names.setdefault(key, [])
        if len(named) < MOST_NAMES or lead < named[-1]:
            insort(named, lead)
            del named[MOST_NAMES:]


def rehearse_lead(plan: Plan, reading: Reading, tally: Tally) -> None:
    """Rehearse all rule sets of the plan for one lead, and count what came out."""
    found = rehearse_all(plan, reading)
    lead, active = reading.subject, found[ACTIVE]
    tally.add("leads")
    tally.add("events", by=reading.events)
    if active.before:
        tally.add("before", active.before)
    _count_faith(tally, reading, active)
    _count_weeks(tally, reading, plan)
    for number, (rule_set, one) in enumerate(zip(plan.sets, found, strict=True)):
        _count(tally, number, one, rule_set, plan)
        if number:
            _compare(tally, number, (active, one), plan, lead)
        if reading.deal is not None and number <= CANDIDATE:
            _count_deal(tally, number, one, reading.deal, plan)
    for campaign, run in active.runs.items():
        if campaign in plan.edited:
            here, there = places(plan.sets[ACTIVE].rules.campaigns, plan.live, campaign, run, plan.period.until)
            tally.add("place", campaign, here, there, lead=lead)


def rehearse_all(plan: Plan, reading: Reading) -> list[Rehearsed]:
    """The outcome of each rule set for a lead.

    A rule set whose changes need an event that the lead does not have does the same as the active one.
    """
    active = rehearse(reading, plan.sets[ACTIVE], plan.period)
    names = reading.names | {action.event for action in active.actions}
    found = [active]
    for rule_set, needed in zip(plan.sets[1:], plan.triggers[1:], strict=True):
        same = needed is not None and needed.isdisjoint(names) and not reading.imported
        found.append(active if same else rehearse(reading, rule_set, plan.period))
    return found


def _count_faith(tally: Tally, reading: Reading, active: Rehearsed) -> None:
    """Count how many of the mails that really went out the rehearsal of the active rules sends."""
    really = {intent for intent, event in reading.outcomes.items() if event.name in MAILED}
    done = {action.intent for action in active.actions if action.channel == MAIL}
    tally.add("really mailed", by=len(really))
    tally.add("mailed again", by=len(really & done))


def _count_weeks(tally: Tally, reading: Reading, plan: Plan) -> None:
    """Count the lead with the number of whole weeks since its first event; an imported history starts nothing."""
    own = (moment for moment, event in chain(reading.before, reading.during) if not event.imported)
    first = next(own, None)
    if first is not None:
        tally.add("weeks", (plan.period.until - max(first, plan.period.since)) // WEEK)


def _count(tally: Tally, number: int, found: Rehearsed, rule_set: RuleSet, plan: Plan) -> None:
    tally.add("phase", number, found.phase)
    for profile, points in found.scores.items():
        tally.add("score", number, profile, int(points // BUCKET * BUCKET))
    for profile, least in plan.thresholds:
        if _reaches(found, profile, least):
            tally.add("reaches", number, profile, least)
    for action in found.actions:
        if action.channel == MAIL:
            tally.add("mail", number, action.campaign, week(action.at), SENT if action.succeeded else FAILED)
            if action.succeeded and not action.known:
                tally.add("unknown", number, action.campaign)
        else:
            tally.add(action.channel, number, week(action.at))
        if number == CANDIDATE and action.succeeded and action.channel in _FORECAST:
            tally.add("forecast", _FORECAST[action.channel], (plan.period.until - action.at) // WEEK)
    for note in found.notes:
        if note.step and (fate := _fate(note, rule_set.rules.campaigns)):
            tally.add("mail", number, note.campaign, week(note.at), fate)


def _count_deal(tally: Tally, number: int, found: Rehearsed, deal: tuple[int, bool], plan: Plan) -> None:
    at, outcome = deal[0], "won" if deal[1] else "lost"
    handed = any(moment <= at for moment in handoffs(found))
    tally.add("deal", number, outcome, "handed over" if handed else "not handed over")
    for profile in plan.handing_over:
        tally.add("highest", number, profile, int(round(found.highest.get(profile, 0.0), 1)), outcome)


def _compare(tally: Tally, number: int, pair: tuple[Rehearsed, Rehearsed], plan: Plan, lead: str) -> None:
    active, found = pair
    lead = lead if number == CANDIDATE else ""
    if found.phase != active.phase:
        tally.add("moved", number, active.phase, found.phase, lead=lead)
        if plan.phases.index(found.phase) < plan.phases.index(active.phase):
            tally.add("earlier phase", number, lead=lead)
    for profile, least in plan.thresholds:
        before, after = _reaches(active, profile, least), _reaches(found, profile, least)
        if before != after:
            tally.add("gained" if after else "lost", number, profile, least, lead=lead)
    handed = len(handoffs(found)) - len(handoffs(active))
    if bool(handoffs(found)) != bool(handoffs(active)):
        tally.add("handed over" if handoffs(found) else "no longer handed over", number, lead=lead)
    mails = _more_mails(active, found)
    for campaign, more in mails.items():
        tally.add("more mails" if more > 0 else "fewer mails", number, campaign, lead=lead)
    for kind, by in (("handoffs", handed), ("mails", sum(mails.values()))):
        tally.add("difference", number, kind, by=by)
        tally.add("squares", number, kind, by=by * by)
    if found.phase != active.phase or handed or mails:
        tally.add("concerned", number)


def _more_mails(active: Rehearsed, found: Rehearsed) -> dict[str, int]:
    """The mails that `found` has more than `active` (or fewer, below zero), by campaign."""
    mails = _mails(found)
    mails.subtract(_mails(active))
    return {campaign: more for campaign, more in mails.items() if more}


def handoffs(found: Rehearsed) -> list[int]:
    """The moments (ms) at which the lead was handed over."""
    return [action.at for action in found.actions if action.channel == HANDOFF and action.succeeded]


def _mails(found: Rehearsed) -> Counter[str]:
    return Counter(action.campaign for action in found.actions if action.channel == MAIL and action.succeeded)


def _reaches(found: Rehearsed, profile: str, least: float) -> bool:
    return round(found.scores.get(profile, 0.0), 1) >= least


def _fate(note: CampaignNote, campaigns: CampaignRules) -> str:
    """The fate of a mail that a note tells of; empty for steps of other channels."""
    rule = campaigns.named(note.campaign)
    programs = (rule.program, *(former.program for former in rule.former))
    steps = (step for program in programs for step in program if isinstance(step, Do) and step.key == note.step)
    if all(step.channel != MAIL for step in steps):
        return ""
    if note.text == CONTROL_GROUP:
        return CONTROL
    if note.text in (f"{DROPPED}{TOO_MANY}", f"{GIVEN_UP}{TOO_MANY}"):
        return CAPPED
    return SUPPRESSED if note.text == f"{GIVEN_UP}{NOT_ALLOWED}" else SKIPPED


def places(before: CampaignRules, after: CampaignRules, campaign: str, run: Run, now: int) -> tuple[str, str]:
    """The place of a run in its campaign before an edit at `now` (ms), and after it, as texts.

    A text is the name of a step, `wait before <step>`, or empty if the run has ended.
    """
    rule = before.named(campaign)
    here = _place(run.program(rule), run.at)
    if all(one.name != campaign for one in after.all):
        return here, ""
    edited = after.named(campaign)
    moved = Run(run.at, run.since, run.began, edition=run.edition)
    moved.follow(edited, now)
    return here, _place(moved.program(edited), moved.at)


def _place(program: Program, at: int) -> str:
    steps: Iterator[Do] = (step for step in program[at:] if isinstance(step, Do))
    following = next(steps, None)
    if at < len(program) and isinstance(program[at], Wait):
        return f"wait before {following.key}" if following else "wait before the end"
    return following.key if following else ""


@lru_cache(maxsize=4_096)
def _week_of_day(day: int) -> str:
    year, number, _ = datetime.fromtimestamp(day * 86_400, UTC).isocalendar()
    return f"{year}-W{number:02d}"


def week(moment: int) -> str:
    """The ISO week (UTC) of a moment (ms), such as `2026-W12`."""
    return _week_of_day(moment // (86_400 * SECOND))
