"""The names of the events that sources have sent, in one item of the table."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from adapters.dynamodb.table import get_text, put_text
from ripen.events.event import RIPEN, Event
from ripen.storage.ledger import EVENT_NAMES_KEY

MOST_NAMES = 1_000
"""The most names that are kept. Anybody may send new ones, and an item holds 400 KB."""

LONGEST_NAME = 100
"""Characters of a name that is kept."""


def sent_names(table: str) -> frozenset[str]:
    """The names that were noted so far; empty if there are none, or too many to know them all."""
    names = _noted(table)
    return frozenset(names) if len(names) < MOST_NAMES else frozenset()


def names_in(events: Iterable[Event]) -> frozenset[str]:
    """The names of the events that sources sent, without those of bots and those too long to keep."""
    return frozenset(one.name for one in events if _counts(one))


def note_names(table: str, names: Collection[str]) -> None:
    """Note names that sources have sent. One that another process overwrites is noted again with its next event."""
    before = _noted(table)
    if new := {*names} - {*before}:
        put_text(table, EVENT_NAMES_KEY, json.dumps([*before, *sorted(new)][:MOST_NAMES]))


def _counts(event: Event) -> bool:
    return event.source != RIPEN and not event.bot and len(event.name) <= LONGEST_NAME


def _noted(table: str) -> list[str]:
    found: list[str] = json.loads(get_text(table, EVENT_NAMES_KEY) or "[]")
    return found
