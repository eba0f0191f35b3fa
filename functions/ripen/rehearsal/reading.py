"""One reading of a lead's ledger for a rehearsal, shared by all rule sets.

In the period, the actions that Ripen itself carried out are no input: each rule set decides them again. What mails to
the lead led to, such as an opening or an unsubscription, is input only for rule sets that send the same mail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ripen.events.event import OUTCOMES, RIPEN, Event, intent_id
from ripen.events.link_scanners import with_bot_verdicts
from ripen.people.state import by_action
from ripen.sales.state import without_undone

Counted = tuple[int, Event]
"""An event with the moment (ms) at which it counts."""

_DEALS = {"Deal Won": True, "Deal Lost": False}


class Period(NamedTuple):
    """The rehearsed time: from `since` to `until`, both included (ms)."""

    since: int
    until: int

    def __contains__(self, moment: object) -> bool:
        """True if the moment (ms) lies in the period."""
        return isinstance(moment, int) and self.since <= moment <= self.until


@dataclass(frozen=True, slots=True)
class Reading:
    """The events of a lead, in the order in which they count.

    `before` count before the period, `during` in it. `outcomes` are what became of the actions that were really carried
    out in the period, by the id of their intent. `responses` are the events that followed from these mails, by subject
    and intent. `foreign` are addresses (comparable form) that another lead owns. `deal` is the moment (ms) of the last
    deal in the period, and true if it was won. `names` are those of all events; `imported` is true if any is from an
    imported history.
    """

    subject: str
    before: Sequence[Counted] = ()
    during: Sequence[Counted] = ()
    outcomes: Mapping[str, Event] = field(default_factory=dict)
    responses: Mapping[tuple[str, str], Sequence[Counted]] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    deal: tuple[int, bool] | None = None
    names: frozenset[str] = frozenset()
    imported: bool = False

    @property
    def events(self) -> int:
        """The number of events."""
        return len(self.before) + len(self.during) + len(self.outcomes) + sum(map(len, self.responses.values()))


def read(subject: str, events: Sequence[Event], period: Period, foreign: Iterable[str] = ()) -> Reading:
    """The reading of a lead's events, sorted by time and id; those after the period are left out."""
    counted = without_undone(with_bot_verdicts(events))
    # Of two merged subjects, each may have got the same mail; the rehearsed lead gets it once, with the first outcome.
    outcomes: dict[str, Event] = {}
    mailed: set[tuple[str, str]] = set()
    for moment, event in counted:
        if moment in period and is_action(event):
            outcomes.setdefault(intent_id(event.properties), event)
            mailed.add((event.subject, intent_id(event.properties)))
    before: list[Counted] = []
    during: list[Counted] = []
    responses: defaultdict[tuple[str, str], list[Counted]] = defaultdict(list)
    deal = None
    for moment, event in counted:
        if moment < period.since:
            before.append((moment, event))
        elif moment > period.until or is_action(event) or by_action(event):
            continue
        elif event.source == RIPEN and (mail := (event.subject, str(event.properties.get("intent")))) in mailed:
            responses[mail].append((moment, event))
        else:
            during.append((moment, event))
            if event.name in _DEALS and not event.bot:
                deal = (moment, _DEALS[event.name])
    names, imported = frozenset(event.name for event in events), any(event.imported for event in events)
    return Reading(subject, before, during, outcomes, responses, frozenset(foreign), deal, names, imported)


def is_action(event: Event) -> bool:
    """True if the event tells of an action that Ripen carried out, or tried to."""
    return event.source == RIPEN and event.name in OUTCOMES
