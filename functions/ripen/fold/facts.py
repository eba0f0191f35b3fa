"""The facts about a lead that conditions read at the moment of an event. Each is computed only when it is read.

Names and meanings: `ripen.conditions.fields` and docs/reference/facts.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ripen.campaigns.mail_history import CLICKED, OPENED, SENT
from ripen.conditions.fields import SESSION_FIELDS
from ripen.fold.eligibility import language
from ripen.fold.state import State
from ripen.scoring.personas import NOBODY, Recognised, recognise
from ripen.scoring.trends import contract_ends, repurchase_interval, usage
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

    def get(self, name: str, default: Any = None) -> Any:
        """The fact, or `default` if it is unknown; conditions read facts this way, so no exception is raised for it."""
        find = _FACTS.get(name)
        value = find(self._state, self._state.clock) if find else None
        return default if value is None else value

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
        session = self._state.sessions.latest
        if name == "new":  # Ripen's own events move the clock without being events of the visit
            return session.events == 1 and session.last == self._state.clock
        return getattr(session, name)

    def __iter__(self) -> Iterator[str]:
        return iter(SESSION_FIELDS)

    def __len__(self) -> int:
        return len(SESSION_FIELDS)


def persona(state: State, moment: int) -> Recognised:
    """The persona that the evidence points to at `moment`; nobody's while the lead has only sent explicit requests."""
    state.clock = max(state.clock, moment)
    if state.privacy.only_requests:
        return NOBODY
    personas = state.scoring.rules.personas
    return recognise(personas, state.scoring.evidence, state.facts) if personas else NOBODY


def _days_since_order(state: State, moment: int) -> float | None:
    return (moment - state.scoring.orders[-1]) / DAY if state.scoring.orders else None


def _repurchase_days(state: State, _moment: int) -> float | None:
    interval = repurchase_interval(state.scoring.orders)
    return None if interval is None else interval / DAY


def _repurchase_due(state: State, moment: int) -> float | None:
    interval = repurchase_interval(state.scoring.orders)
    return None if interval is None else (moment - state.scoring.orders[-1]) / interval


def _contract_days_left(state: State, moment: int) -> float | None:
    ends = contract_ends(state.traits)
    return None if ends is None else (ends - moment) / DAY


def _persona(state: State, moment: int) -> str:
    return persona(state, moment).name


def _top_interest(state: State, moment: int) -> str | None:
    return next((topic for topic, _ in state.scoring.interests(moment)), None)


_FACTS: Mapping[str, Callable[[State, int], Any]] = {
    "phase": lambda state, _: state.lifecycles.phases.here.phase,
    "stage": lambda state, _: state.lifecycles.stages.here.phase if state.lifecycles.stages else None,
    "persona": _persona,
    "known": lambda state, _: bool(state.claims.address),
    "days_known": lambda state, moment: (moment - state.since) / DAY,
    "days_inactive": lambda state, moment: (moment - state.sessions.idle_since) / DAY,
    "visits": lambda state, _: state.sessions.latest.number,
    "pages": lambda state, _: state.sessions.pages,
    "seconds": lambda state, _: state.sessions.seconds,
    "interests": lambda state, moment: [topic for topic, _ in state.scoring.interests(moment)] or None,
    "top_interest": _top_interest,
    "surges": lambda state, moment: state.scoring.surging(moment, state.since) or None,
    "usage": lambda state, moment: usage(state.scoring.usage, moment, state.since),
    "mails_sent": lambda state, _: state.mails.counted[SENT],
    "mails_opened": lambda state, _: state.mails.counted[OPENED],
    "mails_clicked": lambda state, _: state.mails.counted[CLICKED],
    "orders": lambda state, _: len(state.scoring.orders),
    "days_since_order": _days_since_order,
    "repurchase_days": _repurchase_days,
    "repurchase_due": _repurchase_due,
    "contract_days_left": _contract_days_left,
    "subscribed": lambda state, _: state.claims.subscribed,
    "confirmed": lambda state, _: state.claims.confirmed,
    "opt_in": lambda state, _: state.claims.opt_in and state.claims.opt_in.proof.name.lower(),
    "rating": lambda state, _: state.privacy.rating,
    "language": lambda state, _: language(state),
    "campaigns": lambda state, _: sorted(state.campaigns.running) or None,
    "sales": lambda state, _: state.sales.status or None,
    "held": lambda state, moment: state.sales.held(moment),
    "scores": lambda state, moment: {name: round(score.at(moment), 1) for name, score in state.scoring.scores.items()},
    "grades": lambda state, moment: state.scoring.grades(moment),
    "counts": lambda state, moment: state.scoring.counts(moment),
    "first_touch": lambda state, _: state.sessions.first_touch and state.sessions.first_touch.as_json(),
    "last_touch": lambda state, _: state.sessions.last_touch and state.sessions.last_touch.as_json(),
}
