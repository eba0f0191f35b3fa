"""The facts about a lead that conditions read at the moment of an event. Each is computed only when it is read.

Names and meanings: `ripen.conditions.fields` and docs/reference/facts.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ripen.conditions.fields import SESSION_FIELDS
from ripen.config.schema.scoring import GradeAxis
from ripen.fold.eligibility import language
from ripen.fold.rules import GradeRule
from ripen.fold.state import State
from ripen.scoring.personas import NOBODY, Recognised, recognise
from ripen.scoring.trends import contract_ends, repurchase_interval, surges, usage
from ripen.times import DAY


class LeadFacts(Mapping[str, Any]):
    """`lead` in conditions. An unknown fact is a missing key."""

    __slots__ = ("_state",)

    def __init__(self, state: State) -> None:
        self._state = state

    def __getitem__(self, name: str) -> Any:
        find = _FACTS.get(name)
        value = find(self._state, self._state.clock) if find else None
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in _FACTS if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class SessionFacts(Mapping[str, Any]):
    """`session` in conditions: the current visit up to and including this event."""

    __slots__ = ("_state",)

    def __init__(self, state: State) -> None:
        self._state = state

    def __getitem__(self, name: str) -> Any:
        if name not in SESSION_FIELDS:
            raise KeyError(name)
        session = self._state.session
        if name == "new":  # Ripen's own events move the clock without being events of the visit
            return session.events == 1 and session.last == self._state.clock
        return getattr(session, name)

    def __iter__(self) -> Iterator[str]:
        return iter(SESSION_FIELDS)

    def __len__(self) -> int:
        return len(SESSION_FIELDS)


def persona(state: State, moment: int) -> Recognised:
    """The persona that the evidence points to at `moment`."""
    state.clock = max(state.clock, moment)
    return recognise(state.rules.personas, state.evidence, state.facts) if state.rules.personas else NOBODY


def interests(state: State, moment: int) -> list[tuple[str, float]]:
    """The topics whose interest reaches the configured minimum, each with its points, strongest first."""
    bar = state.rules.interest_at_least
    found = [(topic, score.at(moment)) for topic, score in state.topics.items() if score.reaches(bar, moment)]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def surging(state: State, moment: int) -> list[str]:
    """The topics whose recent interest is far above the lead's earlier interest."""
    return [topic for topic, trend in state.trends.items() if trend.recent and surges(trend, moment, state.since)]


def grades(state: State, moment: int) -> dict[str, str]:
    """The value of each grade by its name: the fit level followed by the engagement level."""
    return {rule.name: _grade(state, rule, moment) for rule in state.rules.grades}


def _grade(state: State, rule: GradeRule, moment: int) -> str:
    return _level(state, rule.fit, moment) + _level(state, rule.engagement, moment)


def _level(state: State, axis: GradeAxis, moment: int) -> str:
    score = state.scores[axis.profile]
    *better, last = axis.levels
    return next((level for level in better if score.reaches(axis.levels[level], moment)), last)


def counts(state: State, moment: int) -> dict[str, int]:
    """The number of events within the window of each count, by its name."""
    windows = state.rules.count_windows
    return {name: sum(moment - at < window for at in state.counts[name]) for name, window in windows.items()}


def _days_since_order(state: State, moment: int) -> float | None:
    return (moment - state.orders[-1]) / DAY if state.orders else None


def _repurchase_days(state: State, _moment: int) -> float | None:
    interval = repurchase_interval(state.orders)
    return None if interval is None else interval / DAY


def _repurchase_due(state: State, moment: int) -> float | None:
    interval = repurchase_interval(state.orders)
    return None if interval is None else (moment - state.orders[-1]) / interval


def _contract_days_left(state: State, moment: int) -> float | None:
    ends = contract_ends(state.traits)
    return None if ends is None else (ends - moment) / DAY


def _persona(state: State, moment: int) -> str:
    return persona(state, moment).name


def _top_interest(state: State, moment: int) -> str | None:
    return next((topic for topic, _ in interests(state, moment)), None)


_FACTS: Mapping[str, Callable[[State, int], Any]] = {
    "phase": lambda state, _: state.phases.here.phase,
    "stage": lambda state, _: state.stages.here.phase if state.stages else None,
    "persona": _persona,
    "known": lambda state, _: bool(state.claims.address),
    "days_known": lambda state, moment: (moment - state.since) / DAY,
    "days_inactive": lambda state, moment: (moment - state.idle_since) / DAY,
    "visits": lambda state, _: state.session.number,
    "pages": lambda state, _: state.pages,
    "seconds": lambda state, _: state.seconds,
    "interests": lambda state, moment: [topic for topic, _ in interests(state, moment)] or None,
    "top_interest": _top_interest,
    "surges": lambda state, moment: surging(state, moment) or None,
    "usage": lambda state, moment: usage(state.usage, moment, state.since),
    "mails_sent": lambda state, _: state.mails["Email Sent"],
    "mails_opened": lambda state, _: state.mails["Email Opened"],
    "mails_clicked": lambda state, _: state.mails["Email Link Clicked"],
    "orders": lambda state, _: len(state.orders),
    "days_since_order": _days_since_order,
    "repurchase_days": _repurchase_days,
    "repurchase_due": _repurchase_due,
    "contract_days_left": _contract_days_left,
    "subscribed": lambda state, _: state.claims.subscribed,
    "confirmed": lambda state, _: state.claims.confirmed,
    "rating": lambda state, _: state.rating,
    "language": lambda state, _: language(state),
    "campaigns": lambda state, _: sorted(state.running) or None,
    "scores": lambda state, moment: {name: round(score.at(moment), 1) for name, score in state.scores.items()},
    "grades": grades,
    "counts": counts,
    "first_touch": lambda state, _: state.first_touch and state.first_touch.as_json(),
    "last_touch": lambda state, _: state.last_touch and state.last_touch.as_json(),
}
