"""What an import would do, counted over all rows of the file before anything is sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ripen.errors import InvalidEventError
from ripen.events.parsing import SharedContext, parse_event
from ripen.events.sources import Source
from ripen.times import to_iso
from ripen_cli.importing.rows import Row
from ripen_cli.importing.sending import Call, Refused

_SERVER = Source("import", trusted=True)
_SHOWN = 10
_DAY = len("2026-11-21")


class Export(Protocol):
    """An export of another system, whose rows become calls; it counts what it finds in them."""

    traits: Counter[str]
    left_out: Counter[str]
    people: Counter[str]
    conflicts: list[str]

    def calls(self, row: Row) -> Sequence[dict[str, Any]]:
        """The calls that store a row. Raises InvalidEventError."""


@dataclass(slots=True)
class Survey:
    """The counts of an import: rows, events by name, leads, the time they cover, and errors."""

    now: int
    rows: int = 0
    events: Counter[str] = field(default_factory=Counter)
    errors: list[Refused] = field(default_factory=list)
    first: int = 0
    last: int = 0
    _leads: set[str] = field(default_factory=set)
    _addresses: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def leads(self) -> int:
        """The number of different people, by id."""
        return len(self._leads)

    def check(self, number: int, calls: Iterable[Call]) -> list[Call]:
        """The calls of a row that the endpoint will take; the others become errors."""
        self.rows += 1
        good = []
        for call in calls:
            try:
                received = parse_event(call, call["type"], _SERVER, self.now, SharedContext({}, -1, imported=True))
            except InvalidEventError as error:
                self.refuse(number, error)
                continue
            good.append(call)
            at = received.event.at
            self.first, self.last = min(self.first or at, at), max(self.last, at)
            self.events[received.event.name] += 1
            self._leads.add(received.subject)
            email = call.get("traits", {}).get("email")
            if isinstance(email, str):
                self._addresses[email.strip().lower()].add(received.subject)
        return good

    def refuse(self, number: int, error: InvalidEventError | str) -> None:
        """Note a row, or a call of it, that cannot be imported."""
        told = error if isinstance(error, str) else f"{error.field} {error.problem}; expected: {error.expected}"
        self.errors.append(Refused(number, told))

    def lines(self, export: Export) -> Iterator[str]:
        """The survey in words, one line each."""
        period = f", from {to_iso(self.first)[:_DAY]} to {to_iso(self.last)[:_DAY]}" if self.events else ""
        yield f"{self.rows:,} rows, {sum(self.events.values()):,} events of {self.leads:,} leads{period}"
        for name, count in self.events.most_common():
            yield f"  {count:>8,}  {name}"
        for status, count in export.people.items():
            yield f"  {count:>8,}  {status}"
        if export.traits:
            yield f"traits: {', '.join(export.traits)}"
        if export.left_out:
            names = ", ".join(f"{name} ({count:,})" for name, count in export.left_out.items())
            yield f"left out: {names}"
        shared = [address for address, subjects in self._addresses.items() if len(subjects) > 1]
        conflicts = [*export.conflicts, *(f"{address} has several ids: they become one lead" for address in shared)]
        yield from _listed("conflicts", conflicts)
        yield from _listed("rows that cannot be imported", [f"row {row}: {reason}" for row, reason in self.errors])


def _listed(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"{title}: {len(lines):,}"
        yield from (f"  {line}" for line in lines[:_SHOWN])
        if len(lines) > _SHOWN:
            yield f"  ... and {len(lines) - _SHOWN:,} more"
