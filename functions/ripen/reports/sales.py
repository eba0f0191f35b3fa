"""Figures of sales: handoffs, decisions, deals and their attribution, and the time until somebody took care.

Each handoff and each decision counts at its own moment. Undone decisions do not count. Between two handoffs of a lead,
only the last of won, lost, given back and disqualified is in force; each deal that `properties.deal` names has its own
outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from ripen.events.event import RIPEN, Event
from ripen.events.link_scanners import with_bot_verdicts
from ripen.leads.lead import Lead
from ripen.reports.attribution import MODELS, TouchKey, credited, shares
from ripen.sales.decisions import ACCEPTED, DISQUALIFIED, LOST, MEETING, OPENED, RETURNED, WON
from ripen.sales.state import Handoff, Made, SalesState, without_undone
from ripen.sessions.attribution import IgnoredHosts, Touch
from ripen.sessions.sessions import visits
from ripen.times import MINUTE

FIGURES = ("handoffs", "accepted", "meetings", "won", "lost", "returned", "disqualified", "open", "overdue")
GROUPS = ("week", "source", "campaign", "persona", "rep")
DEALS = ""
"""The unit of attributed deals, in hundredths; every other unit is a currency, or NO_CURRENCY, in hundredths, too."""
NO_CURRENCY = "-"
NOBODY = ""

_NAMES = {
    ACCEPTED: "accepted",
    RETURNED: "returned",
    DISQUALIFIED: "disqualified",
    MEETING: "meetings",
    WON: "won",
    LOST: "lost",
}
_OUTCOMES = (RETURNED, DISQUALIFIED, WON, LOST)


class Scope(NamedTuple):
    """The period from `since` until before `until` (ms), and what counts in it.

    A handoff without a decision is overdue after `overdue_after` (ms). `week` names the week of a moment.
    """

    since: int
    until: int
    overdue_after: int
    trusted: frozenset[str]
    ignored: IgnoredHosts
    week: Callable[[int], str]

    def has(self, at: int) -> bool:
        """True if a moment (ms) lies in the period."""
        return self.since <= at < self.until


@dataclass(slots=True)
class SalesFigures:
    """Sums of all leads.

    `counts` are by group, name in the group, and figure; `reasons` by figure and reason; `values` (hundredths) by
    group, name in the group, and currency; each with the group "all" for the whole. `credit` (hundredths) is by unit,
    model and touch. `touched` and `decided` count handoffs by the minutes until somebody opened the dossier or decided,
    and until the first decision.
    """

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    values: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    credit: Counter[tuple[str, str, TouchKey]] = field(default_factory=Counter)
    touched: Counter[int] = field(default_factory=Counter)
    decided: Counter[int] = field(default_factory=Counter)

    def add(self, other: SalesFigures) -> None:
        """Add the figures of another lead; order and grouping do not change the sums."""
        self.counts.update(other.counts)
        self.reasons.update(other.reasons)
        self.values.update(other.values)
        self.credit.update(other.credit)
        self.touched.update(other.touched)
        self.decided.update(other.decided)

    def total(self, figure: str) -> int:
        """The number of a figure in the whole period."""
        return self.counts["all", "", figure]

    def value(self, group: str = "all", name: str = "") -> dict[str, int]:
        """The won value by currency (hundredths), of all or of one name in a group."""
        return {currency: value for (one, of, currency), value in self.values.items() if (one, of) == (group, name)}

    def names(self, group: str) -> list[str]:
        """The names in a group: weeks in order, all others by handoffs and deals, most first."""
        found = {name for one, name, _ in self.counts if one == group}
        if group == "week":
            return sorted(found)
        return sorted(
            found, key=lambda name: (-self.counts[group, name, "handoffs"], -self.counts[group, name, "won"], name)
        )

    def units(self) -> list[str]:
        """The units of credit: deals first, then currencies."""
        return sorted({unit for unit, _, _ in self.credit})

    def credits(self, unit: str) -> list[tuple[TouchKey, list[int]]]:
        """The touches with their credit by each of MODELS, the highest position-based first."""
        touches = {touch for one, _, touch in self.credit if one == unit}
        rows = [(touch, [self.credit[unit, model, touch] for model in MODELS]) for touch in touches]
        return sorted(rows, key=lambda row: (-row[1][-1], row[0]))


def quantile(minutes: Counter[int], share: float) -> int | None:
    """The least number of minutes within which this share (0 to 1) of all is done; None without any."""
    wanted = share * minutes.total()
    so_far = 0
    for value in sorted(minutes):
        so_far += minutes[value]
        if so_far >= wanted:
            return value
    return None


def add_up(parts: Iterable[SalesFigures | None]) -> SalesFigures:
    """The sum of the figures of all leads."""
    total = SalesFigures()
    for part in parts:
        if part is not None:
            total.add(part)
    return total


def sales_of(lead: Lead, events: Sequence[Event], scope: Scope) -> SalesFigures | None:
    """The figures of a lead in the period; None if sales had nothing to do with it. `events` are all of its events."""
    stretches = [one for one in _stretches(events, scope.trusted) if one.handoff or one.decisions]
    if not stretches:
        return None
    found = SalesFigures()
    for stretch in stretches:
        _count_handoff(found, lead, stretch, scope)
        for event, decision in stretch.in_force():
            if scope.has(decision.at):
                _count_decision(found, lead, stretch, event, decision, scope, events)
    return found


@dataclass(slots=True)
class _Stretch:
    """The time from a handoff (None: before the first one) to the next, with what sales did in it."""

    handoff: Handoff | None
    campaign: str = NOBODY
    decisions: list[tuple[Event, Made]] = field(default_factory=list)
    opened: int | None = None

    def in_force(self) -> Iterator[tuple[Event, Made]]:
        """The first acceptance, the first meeting, and the outcome of each deal that is in force."""
        latest: dict[tuple[str, str], tuple[Event, Made]] = {}
        for event, decision in self.decisions:
            if event.name in _OUTCOMES:
                latest["outcome", _deal(event)] = event, decision
            else:
                latest.setdefault((event.name, ""), (event, decision))
        if len([key for key in latest if key[0] == "outcome"]) > 1:
            latest.pop(("outcome", ""), None)  # what a person said of a deal that the CRM names
        yield from latest.values()


def _stretches(events: Sequence[Event], trusted: frozenset[str]) -> list[_Stretch]:
    state, found, seen = SalesState(), [_Stretch(None)], set[tuple[str, str]]()
    for _, event in without_undone(with_bot_verdicts(events)):
        if (event.source, event.id) in seen or event.bot:
            continue
        seen.add((event.source, event.id))
        if event.source == RIPEN and event.name == OPENED and found[-1].opened is None:
            found[-1].opened = event.at
        elif state.take(event, trusted):
            if state.decision is not None:
                found[-1].decisions.append((event, state.decision))
            else:
                found.append(_Stretch(state.handoff, str(event.properties.get("campaign", NOBODY))))
    return found


def _deal(event: Event) -> str:
    deal = event.properties.get("deal")
    return str(deal) if isinstance(deal, str | int) else ""


def _count_handoff(found: SalesFigures, lead: Lead, stretch: _Stretch, scope: Scope) -> None:
    handoff = stretch.handoff
    if handoff is None or not scope.has(handoff.at):
        return
    rep = handoff.rep or lead.owner
    _count(found, "handoffs", _groups(lead, stretch, handoff.at, rep, scope))
    decided = min((decision.at for _, decision in stretch.decisions), default=None)
    touched = min((at for at in (stretch.opened, decided) if at is not None), default=None)
    if touched is not None:
        found.touched[(touched - handoff.at) // MINUTE] += 1
    if decided is not None:
        found.decided[(decided - handoff.at) // MINUTE] += 1
        return
    _count(found, "open", _groups(lead, stretch, handoff.at, rep, scope))
    if lead.now - handoff.at >= scope.overdue_after:
        _count(found, "overdue", _groups(lead, stretch, handoff.at, rep, scope))


def _count_decision(  # noqa: PLR0913, PLR0917 - one place for all that a decision counts for
    found: SalesFigures,
    lead: Lead,
    stretch: _Stretch,
    event: Event,
    decision: Made,
    scope: Scope,
    events: Sequence[Event],
) -> None:
    by = decision.by.removeprefix("rep.") if decision.by.startswith("rep.") else ""
    rep = by or (stretch.handoff.rep if stretch.handoff else "") or lead.owner
    groups = _groups(lead, stretch, decision.at, rep, scope)
    figure = _NAMES[event.name]
    _count(found, figure, groups)
    if event.name in (RETURNED, LOST, DISQUALIFIED):
        found.reasons[figure, decision.reason] += 1
    if event.name != WON:
        return
    _give_credit(found, DEALS, 100, lead, decision.at, events, scope)
    if decision.value is not None and isfinite(decision.value):
        currency, value = decision.currency or NO_CURRENCY, round(decision.value * 100)
        for group, name in groups:
            found.values[group, name, currency] += value
        _give_credit(found, currency, value, lead, decision.at, events, scope)


def _groups(lead: Lead, stretch: _Stretch, at: int, rep: str, scope: Scope) -> list[tuple[str, str]]:
    source = lead.first_touch.channel if lead.first_touch else ""
    names = (scope.week(at), source, stretch.campaign, lead.persona.name, rep)
    return [("all", ""), *zip(GROUPS, names, strict=True)]


def _count(found: SalesFigures, figure: str, groups: Iterable[tuple[str, str]]) -> None:
    for group, name in groups:
        found.counts[group, name, figure] += 1


def _give_credit(  # noqa: PLR0913, PLR0917
    found: SalesFigures, unit: str, amount: int, lead: Lead, at: int, events: Sequence[Event], scope: Scope
) -> None:
    touches = credited(_touches(lead, events, at, scope.ignored))
    for model in MODELS:
        for touch, part in zip(touches, shares(model, amount, len(touches)), strict=True):
            if part:
                found.credit[unit, model, touch] += part


def _touches(lead: Lead, events: Sequence[Event], at: int, ignored: IgnoredHosts) -> list[Touch]:
    """The touches that began the lead's visits up to a moment (ms), after the first one that the browser remembers."""
    before = [event for event in events if event.at <= at]
    found = [visit.touch for visit in visits(before, (), ignored=ignored) if visit.touch is not None]
    first = lead.first_touch
    return [first, *found] if first and first.at <= at and not any(one.at <= first.at for one in found) else found
