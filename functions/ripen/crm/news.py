"""What happened to a lead that other systems have not been told yet.

News is the difference between a fold and the marks of what was told, which the lead's record keeps. It is found anew at
each fold, so nothing is lost that a crash kept from being told, and nothing is told that is not true any more.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ripen.events.event import RIPEN, Event
from ripen.leads.lead import Lead
from ripen.lifecycle.state import Move
from ripen.people.state import ASSIGNED
from ripen.sales.decisions import DECISIONS, UNDONE, is_decision
from ripen.sales.state import HANDED_OFF, without_undone

PHASE_ENTERED = "Phase Entered"
WITHDRAWN = "Lead Consent Withdrawn"
ERASED = "Lead Erased"
NAMES = (HANDED_OFF, ASSIGNED, *sorted(DECISIONS), UNDONE, PHASE_ENTERED, WITHDRAWN, ERASED)
"""The names of all events that other systems are told."""

_OWN = {HANDED_OFF, ASSIGNED, UNDONE}
_CONCERNED = DECISIONS | _OWN
_MARK = 10
"""Characters of an id that a record keeps: 60 bits tell the events of one lead apart."""


class News(NamedTuple):
    """One thing to tell: a unique `id`, which stays the same if it is told again, its name and its moment (ms).

    `about` are the properties of the ledger's event, empty if there is none. `event` is the id of that event.
    """

    id: str
    name: str
    at: int
    about: Mapping[str, Any] = {}
    event: str = ""
    move: Move | None = None


class Told(NamedTuple):
    """The marks of what other systems were told about a lead: the latest phase with its moment (ms), and ids."""

    phase: Sequence[Any] = ()
    ids: Sequence[str] = ()

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> Told:
        """The marks that `dump` returned."""
        return cls(values.get("phase", ()), values.get("ids", ()))

    def dump(self) -> dict[str, Any]:
        """The marks as JSON values; empty if nothing was told."""
        found = {"phase": [*self.phase], "ids": [*self.ids]}
        return {name: value for name, value in found.items() if value}

    def knows(self, id_: str) -> bool:
        """True if this was told."""
        return id_[:_MARK] in self.ids

    def plus(self, news: Sequence[News]) -> Told:
        """The marks after these were told, too."""
        moves = [one.move for one in news if one.move is not None]
        ids = sorted({*self.ids, *(one.id[:_MARK] for one in news if one.move is None)})
        return Told([moves[-1].phase, moves[-1].at] if moves else self.phase, ids)


def find_news(lead: Lead, events: Sequence[Event], told: Told, trusted: Collection[str], *, known: bool) -> list[News]:
    """What is true of the lead and was not told, oldest first; `events` are those of its ledger that were read.

    `known` is true if the lead owns its address. Phases are told of such a lead, and of one that sales has heard of;
    any visitor may type the address of a customer.
    """
    consent = lead.consent
    if consent is not None and not consent.given:
        return [*_of_events(events, told, trusted), *_withdrawal(lead.subject, consent.at, told)]
    news = [*_of_events(events, told, trusted)]
    if known or lead.handoff is not None or lead.decision is not None:
        news += [_entered(lead.subject, move) for move in _new_moves(lead, told)]
    return sorted(news, key=lambda one: (one.at, one.id))


def erased(subject: str) -> News:
    """The news that everything about a lead is erased. It carries no moment of the lead's life."""
    return News(_digest(subject, ERASED), ERASED, 0)


def lead_key(subject: str) -> str:
    """A stand-in for a lead's id that fits into an address on the web and into a field of 32 characters."""
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _of_events(events: Sequence[Event], told: Told, trusted: Collection[str]) -> Iterator[News]:
    concerned = [(event.at, event) for event in events if event.name in _CONCERNED and not event.imported]
    for _, event in without_undone(concerned):
        if not (event.source == RIPEN if event.name in _OWN else is_decision(event, frozenset(trusted))) or event.bot:
            continue
        where = event.subject if event.source == RIPEN else event.source
        # With its moment: after an erasure, a visitor begins again with the same ids.
        id_ = _digest(where, event.name, event.id, str(event.at))
        if not told.knows(id_):
            by = {} if event.source == RIPEN else {"by": f"source.{event.source}"}
            yield News(id_, event.name, event.at, by | {**event.properties}, event.id)


def _new_moves(lead: Lead, told: Told) -> Sequence[Move]:
    """The moves since the one that was told, or the last one if another phase was told. A history tells nothing."""
    live = [move for move in lead.moves if move.at > lead.history_until]
    if not live or not told.phase:
        return live[-1:]
    name, at = told.phase
    return [move for move in live if move.at > at] or [move for move in live[-1:] if move.phase != name]


def _entered(subject: str, move: Move) -> News:
    return News(_digest(subject, PHASE_ENTERED, move.phase, str(move.at)), PHASE_ENTERED, move.at, move=move)


def _withdrawal(subject: str, at: int, told: Told) -> Iterator[News]:
    id_ = _digest(subject, WITHDRAWN, str(at))
    if (told.phase or told.ids) and not told.knows(id_):
        yield News(id_, WITHDRAWN, at)


def _digest(*parts: str) -> str:
    found = hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(found[:16]).decode().rstrip("=")
