"""What nurturing campaigns achieved, counted over leads; and whether they do better than doing nothing.

For the comparison each lead counts once, with its first start, and both groups are looked at over the same number of
days: the mails of those who get some wait for their turn, so that their campaign takes longer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from ripen.events.event import OUTCOMES, RIPEN, Event
from ripen.leads.lead import CampaignNote, Lead
from ripen.times import DAY

GOAL, LEFT, ENDED, UNDER_WAY = "goal reached", "left", "ended", "under way"

DONE = ("Email Sent", "Lead Handed Off", "Colleague Notified", "Webhook Delivered")
"""The outcomes of steps that were done."""

_STARTS = {"started": False, "control group": True}
_Z = 1.959963984540054
"""The quantile of the normal distribution that leaves 2.5 % on either side."""


class GroupResult(NamedTuple):
    """How often a campaign started, and what had become of each start: these four add up to `starts`."""

    starts: int = 0
    under_way: int = 0
    goal: int = 0
    left: int = 0
    ended: int = 0

    def plus(self, other: Self) -> Self:
        """Both together."""
        return type(self)(*(one + another for one, another in zip(self, other, strict=True)))


class Watched(NamedTuple):
    """A lead's first start: what became of it, after how many whole days, and how many days ago it was."""

    control: bool
    end: str
    days: int
    age: int


class Effect(NamedTuple):
    """What a campaign did with the `treated` leads and with the control group.

    `steps` are how often something became of a step: by the step, and by the outcome's event or the reason why it was
    not done. `watched` counts leads.
    """

    treated: GroupResult
    control: GroupResult
    steps: Counter[tuple[str, str]]
    watched: Counter[Watched]

    def leads(self, *, control: bool) -> int:
        """How many leads are in one of the groups."""
        return sum(count for one, count in self.watched.items() if one.control is control)

    def times(self, *outcomes: str) -> int:
        """How often a step had an outcome, or a reason, that begins in one of these ways."""
        return sum(count for (_, outcome), count in self.steps.items() if outcome.startswith(outcomes))


class ConversionRate(NamedTuple):
    """How many `reached` the goal `of` how many leads."""

    reached: int
    of: int

    @property
    def part(self) -> float:
        """From 0 to 1."""
        return self.reached / self.of

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % score interval.

        E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
        Statistical Association 22 (1927), https://doi.org/10.1080/01621459.1927.10502953.
        """
        squared = _Z * _Z
        middle = self.reached + squared / 2
        spread = _Z * math.sqrt(self.reached * (self.of - self.reached) / self.of + squared / 4)
        low, high = (middle - spread) / (self.of + squared), (middle + spread) / (self.of + squared)
        return (low if self.reached else 0.0), (high if self.reached < self.of else 1.0)


class Comparison(NamedTuple):
    """Who reached the goal within `days` of the start, among the treated leads and in the control group."""

    days: int
    treated: ConversionRate
    control: ConversionRate

    @property
    def difference(self) -> float:
        """By how much the treated did better; from -1 to 1."""
        return self.treated.part - self.control.part

    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the difference, from Wilson's intervals of the two shares.

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
        """Whether the difference is more than chance, as far as 95 % go."""
        low, high = self.interval()
        return low > 0 or high < 0


class _Run:
    """One start of a campaign, and what is known of it so far."""

    __slots__ = ("began", "control", "end", "over", "steps")

    def __init__(self, began: int, *, control: bool) -> None:
        self.began = began
        self.control = control
        self.end = UNDER_WAY
        self.over = -1
        self.steps: list[tuple[str, str]] = []


def effects_of(lead: Lead, events: Iterable[Event], since: int, until: int) -> dict[str, Effect]:
    """What each campaign that started for a lead from `since` on and before `until` (milliseconds) did with it.

    The lead has to be folded from all of its `events`: its notes tell.
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
    """The sum over leads, by campaign; neither their order nor how they are grouped changes it."""
    total: dict[str, Effect] = {}
    for part in parts:
        for name, effect in part.items():
            treated, control, steps, watched = total.get(name) or (GroupResult(), GroupResult(), Counter(), Counter())
            steps.update(effect.steps)
            watched.update(effect.watched)
            total[name] = Effect(treated.plus(effect.treated), control.plus(effect.control), steps, watched)
    return total


def compare(effect: Effect) -> Comparison | None:
    """The treated leads and the control group over the same time: that of the shortest campaign that came to its end.

    Who started later than so many days ago is left out. None as long as there is nothing to compare.
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
