"""The conditions of a transition, each a value that tells if it holds and when time alone may make it hold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar, Protocol

from ripen.config.schema.lifecycle import EntryCondition, InterestCondition, ScoreCondition
from ripen.scoring.score import Score, points_for
from ripen.scoring.state import ScoringState
from ripen.scoring.trends import contract_ends, repurchase_interval, usage, usage_falls
from ripen.sessions.state import SessionState
from ripen.times import parse_duration


class LeadView(Protocol):
    """The facts of a lead that conditions read; times in milliseconds."""

    @property
    def scoring(self) -> ScoringState:
        """Scores, interests, orders and use of the product."""

    @property
    def sessions(self) -> SessionState:
        """Visits, and the last activity."""

    @property
    def traits(self) -> Mapping[str, Any]:
        """Traits of the person."""

    @property
    def since(self) -> int:
        """The first moment at which the lead did anything."""


@dataclass(frozen=True, slots=True)
class ScoreWithin:
    """A score (`kind` is `scores` or `topics`) is at least, or below, a threshold in points."""

    kind: str
    name: str
    at_least: float | None
    below: float | None
    reason: str
    on_change: ClassVar[bool] = True
    by_time: ClassVar[bool] = False
    """The moment of a score drop is computed once for all transitions of a phase, from the score itself."""

    @property
    def bounds(self) -> tuple[float, float]:
        """The points (low, high) for which the condition does not hold: low <= points < high."""
        if self.at_least is not None:
            return -inf, points_for(self.at_least)
        return (points_for(self.below), inf) if self.below is not None else (-inf, inf)

    def score(self, lead: LeadView) -> Score:
        """The score that is compared."""
        return (lead.scoring.scores if self.kind == "scores" else lead.scoring.topics)[self.name]

    def holds(self, lead: LeadView, _entered: int, moment: int) -> bool:
        """True if the score is within the bounds at `moment`."""
        score = self.score(lead)
        if self.at_least is not None:
            return score.reaches(self.at_least, moment)
        return self.below is not None and not score.reaches(self.below, moment)

    def next_moment(self, _lead: LeadView, _entered: int) -> int | None:
        """None: see `by_time`."""
        return None


class _FromMoment(ABC):
    """A condition that holds from its next moment on."""

    __slots__ = ()
    by_time: ClassVar[bool] = True

    @abstractmethod
    def next_moment(self, lead: LeadView, entered: int) -> int | None:
        """The moment from which the condition holds; None if it is unknown. `entered` is when the phase began."""

    def holds(self, lead: LeadView, entered: int, moment: int) -> bool:
        """True if that moment has come at `moment`."""
        due = self.next_moment(lead, entered)
        return due is not None and moment >= due


@dataclass(frozen=True, slots=True)
class InactiveFor(_FromMoment):
    """The lead did nothing for `duration` milliseconds."""

    duration: int
    reason: str
    on_change: ClassVar[bool] = False

    def next_moment(self, lead: LeadView, entered: int) -> int | None:  # noqa: ARG002 - all conditions take the same
        """The moment at which the time has passed."""
        return lead.sessions.last_active + self.duration


@dataclass(frozen=True, slots=True)
class InPhaseFor(_FromMoment):
    """The lead was in its present phase for `duration` milliseconds."""

    duration: int
    reason: str
    on_change: ClassVar[bool] = False

    def next_moment(self, lead: LeadView, entered: int) -> int | None:  # noqa: ARG002 - all conditions take the same
        """The moment at which the time has passed."""
        return entered + self.duration


@dataclass(frozen=True, slots=True)
class ContractEndsWithin:
    """The lead's contract ends within `duration` milliseconds."""

    duration: int
    reason: str
    on_change: ClassVar[bool] = True
    by_time: ClassVar[bool] = True

    def holds(self, lead: LeadView, _entered: int, moment: int) -> bool:
        """True from `duration` before the end until the end."""
        ends = contract_ends(lead.traits)
        return ends is not None and ends - self.duration <= moment < ends

    def next_moment(self, lead: LeadView, _entered: int) -> int | None:
        """The moment that is `duration` before the end."""
        ends = contract_ends(lead.traits)
        return None if ends is None else ends - self.duration


@dataclass(frozen=True, slots=True)
class RepurchaseDue(_FromMoment):
    """The usual time between two orders, times `part`, has passed since the last one."""

    part: float
    reason: str
    on_change: ClassVar[bool] = True

    def next_moment(self, lead: LeadView, entered: int) -> int | None:  # noqa: ARG002 - all conditions take the same
        """The moment at which the next order is due; None for fewer than three orders."""
        interval = repurchase_interval(lead.scoring.orders)
        return None if interval is None else lead.scoring.orders[-1] + int(self.part * interval)


@dataclass(frozen=True, slots=True)
class UsageIs:
    """Use of the product is `growing`, `falling` or `steady`."""

    trend: str
    reason: str
    on_change: ClassVar[bool] = True
    by_time: ClassVar[bool] = True

    def holds(self, lead: LeadView, _entered: int, moment: int) -> bool:
        """True if use has this trend at `moment`."""
        return usage(lead.scoring.usage, moment, lead.since) == self.trend

    def next_moment(self, lead: LeadView, _entered: int) -> int | None:
        """The moment at which use is falling if nothing more happens."""
        return usage_falls(lead.scoring.usage, lead.since) if self.trend == "falling" else None


Condition = ScoreWithin | InactiveFor | InPhaseFor | ContractEndsWithin | RepurchaseDue | UsageIs
"""`on_change`: new facts about the lead may make it hold. `by_time`: time alone may. `reason` explains the move."""


def score_conditions(written: EntryCondition) -> Iterator[ScoreWithin]:
    """The conditions on scores of an entry."""
    for limit, kind in ((written.score, "scores"), (written.interest, "topics")):
        if limit is not None:
            yield _score_within(limit, kind)


def _score_within(limit: ScoreCondition | InterestCondition, kind: str) -> ScoreWithin:
    name, word = (limit.profile, "score") if isinstance(limit, ScoreCondition) else (limit.topic, "interest")
    bound = f"of {limit.at_least:g} or more" if limit.at_least is not None else f"below {limit.below:g}"
    return ScoreWithin(kind, name, limit.at_least, limit.below, f"{name} {word} {bound}")


def other_conditions(written: EntryCondition) -> Iterator[Condition]:
    """The conditions of an entry on anything but scores and events."""
    if written.inactive_for:
        yield InactiveFor(parse_duration(written.inactive_for), f"inactive for {written.inactive_for}")
    if written.in_phase_for:
        yield InPhaseFor(parse_duration(written.in_phase_for), f"{written.in_phase_for} in the phase before")
    if written.contract_ends_within:
        within = written.contract_ends_within
        yield ContractEndsWithin(parse_duration(within), f"contract ends within {within}")
    if written.repurchase_due:
        part = written.repurchase_due
        yield RepurchaseDue(part, f"{part:.0%} of the usual time between orders have passed")
    if written.usage:
        yield UsageIs(written.usage, f"usage is {written.usage}")
