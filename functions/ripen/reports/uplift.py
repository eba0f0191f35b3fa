"""The results of campaigns, counted over leads, and their uplift over the control group.

In the comparison each lead counts once, with its first start. Both groups are observed over the same number of days,
because the campaigns of treated leads wait for their mails and take longer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from ripen.campaigns.state import CampaignNote
from ripen.events.event import OUTCOMES, RIPEN, Event
from ripen.leads.lead import Lead
from ripen.times import DAY

GOAL, LEFT, ENDED, UNDER_WAY = "goal reached", "left", "ended", "under way"

DONE = ("Email Sent", "Lead Handed Off", "Colleague Notified", "Webhook Delivered")
"""The outcomes of steps that were done."""

_STARTS = {"started": False, "control group": True}
_Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


class GroupResult(NamedTuple):
    """The number of starts of a campaign, in total and by state; the four states add up to `starts`."""

    starts: int = 0
    under_way: int = 0
    goal: int = 0
    left: int = 0
    ended: int = 0

    def plus(self, other: Self) -> Self:
        """The sum of both."""
        return type(self)(*(one + another for one, another in zip(self, other, strict=True)))


class Watched(NamedTuple):
    """A lead's first start: its `end`, the whole `days` until then (or so far), and its `age` in days."""

    control: bool
    end: str
    days: int
    age: int


class Effect(NamedTuple):
    """The results of a campaign for the `treated` leads and for the control group.

    `steps` counts by step and outcome; the outcome is an event name, or the reason for which the step was not done.
    `watched` counts leads.
    """

    treated: GroupResult
    control: GroupResult
    steps: Counter[tuple[str, str]]
    watched: Counter[Watched]

    def leads(self, *, control: bool) -> int:
        """The number of leads in a group."""
        return sum(count for one, count in self.watched.items() if one.control is control)

    def times(self, *outcomes: str) -> int:
        """The number of step outcomes that begin with one of these texts."""
        return sum(count for (_, outcome), count in self.steps.items() if outcome.startswith(outcomes))


class ConversionRate(NamedTuple):
    """The leads that `reached` the goal, and the number `of` leads."""

    reached: int
    of: int

    @property
    def part(self) -> float:
        """The rate, from 0 to 1."""
        return self.reached / self.of

    def interval(self) -> tuple[float, float]:
        """The 95 % score interval of Wilson.

        E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
        Statistical Association 22 (1927), https://doi.org/10.1080/01621459.1927.10502953.
        """
        squared = _Z * _Z
        middle = self.reached + squared / 2
        spread = _Z * math.sqrt(self.reached * (self.of - self.reached) / self.of + squared / 4)
        low, high = (middle - spread) / (self.of + squared), (middle + spread) / (self.of + squared)
        return (low if self.reached else 0.0), (high if self.reached < self.of else 1.0)


class Comparison(NamedTuple):
    """The shares of treated leads and of the control group that reached the goal within `days` of the start."""

    days: int
    treated: ConversionRate
    control: ConversionRate

    @property
    def difference(self) -> float:
        """The rate of the treated leads minus that of the control group; from -1 to 1."""
        return self.treated.part - self.control.part

    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the difference, from Wilson's intervals of the two rates.

        Method 10 of R. G. Newcombe, "Interval estimation for the difference between independent proportions",
        Statistics in Medicine 17 (1998), 873-890.
        """
        (low, high), (control_low, control_high) = self.treated.interval(), self.control.interval()
        part, control = self.treated.part, self.control.part
        below = math.hypot(part - low, control_high - control)
        above = math.hypot(high - part, control - control_low)
        return self.difference - below, self.difference + above

    @property
    def certain(self) -> bool:
        """True if the 95 % interval of the difference excludes 0."""
        low, high = self.interval()
        return low > 0 or high < 0


class _Run:
    """One start of a campaign with its outcomes so far."""

    __slots__ = ("began", "control", "end", "over", "steps")

    def __init__(self, began: int, *, control: bool) -> None:
        self.began = began
        self.control = control
        self.end = UNDER_WAY
        self.over = -1
        self.steps: list[tuple[str, str]] = []


def effects_of(lead: Lead, events: Iterable[Event], since: int, until: int) -> dict[str, Effect]:
    """The effect on a lead of each campaign that started from `since` until before `until` (milliseconds).

    The lead has to be folded from all of its `events`, because its notes record the starts.
    """
    runs = _runs(lead.notes)
    for event in events:
        if event.source == RIPEN and event.name in OUTCOMES:
            begun = [run for run in runs.get(str(event.properties.get("campaign")), ()) if run.began <= event.at]
            if begun:
                begun[-1].steps.append((str(event.properties.get("step")), event.name))
    counted = {name: [run for run in found if since <= run.began < until] for name, found in runs.items()}
    return {name: _effect(found, lead.now) for name, found in counted.items() if found}


def add_up(parts: Iterable[Mapping[str, Effect]]) -> dict[str, Effect]:
    """The sum over leads, by campaign; their order and grouping do not change it."""
    total: dict[str, Effect] = {}
    for part in parts:
        for name, effect in part.items():
            treated, control, steps, watched = total.get(name) or (GroupResult(), GroupResult(), Counter(), Counter())
            steps.update(effect.steps)
            watched.update(effect.watched)
            total[name] = Effect(treated.plus(effect.treated), control.plus(effect.control), steps, watched)
    return total


def compare(effect: Effect) -> Comparison | None:
    """Compares both groups over the days of the shortest run that came to its end.

    Leads that started fewer than these days ago are left out. None if no run has ended,
    the shortest one took less than a day, or a group is empty.
    """
    days = min((one.days for one in effect.watched if one.end == ENDED), default=0)
    shares = []
    for control in (False, True):
        known = {one: count for one, count in effect.watched.items() if one.control is control and one.age >= days}
        reached = sum(count for one, count in known.items() if one.end == GOAL and one.days < days)
        shares.append(ConversionRate(reached, sum(known.values())))
    return Comparison(days, *shares) if days and all(share.of for share in shares) else None


def _runs(notes: Iterable[CampaignNote]) -> dict[str, list[_Run]]:
    runs: dict[str, list[_Run]] = {}
    for note in notes:
        if not note.step and note.text in _STARTS:
            runs.setdefault(note.campaign, []).append(_Run(note.at, control=_STARTS[note.text]))
        elif note.campaign in runs:
            run = runs[note.campaign][-1]
            if note.step:
                run.steps.append((note.step, note.text))
            else:
                run.end, run.over = note.text, note.at
    return runs


def _effect(runs: Sequence[_Run], now: int) -> Effect:
    treated = [run for run in runs if not run.control]
    first = runs[0]
    over = now if first.end == UNDER_WAY else first.over
    watched = Watched(first.control, first.end, (over - first.began) // DAY, (now - first.began) // DAY)
    steps = Counter(step for run in treated for step in run.steps)
    return Effect(_group(treated), _group([run for run in runs if run.control]), steps, Counter([watched]))


def _group(runs: Sequence[_Run]) -> GroupResult:
    ends = Counter(run.end for run in runs)
    return GroupResult(len(runs), ends[UNDER_WAY], ends[GOAL], ends[LEFT], ends[ENDED])
