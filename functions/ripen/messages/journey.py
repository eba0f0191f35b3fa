"""The journey of a lead as a timeline that a person reads in seconds: visits and mails folded, the latest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ripen.events.event import RIPEN, Event, intent_id
from ripen.messages.display_names import one_line
from ripen.privacy.consent import OPTED_IN
from ripen.privacy.preferences import FEEDBACK_GIVEN
from ripen.sales.decisions import DECISIONS, UNDONE
from ripen.sessions.sessions import OTHER, visits
from ripen.times import DAY, SECOND

MOST = 30
"""Entries of a journey."""
_PAGES = 3
"""Pages that are named of a visit."""
_OURS = {OPTED_IN, FEEDBACK_GIVEN, "Phase Entered", "Unsubscribed", "Email Bounced", "Email Marked as Spam"}
_FOLDED = {"Page Viewed", "Screen Viewed", "Page Left", "Identified", "Consent Given"}
"""Events that visits tell of, or that say nothing about what the lead wants."""
_TOLD = ("title", "topic", "name", "product", "form", "query", "phase", "comment", "score")


class Entry(NamedTuple):
    """One entry at `at` (ms). `kind` is visit, mail or event; `name` is the mail's or the event's.

    A visit has `pages` (the number of views), `seconds` and the pages that were looked at longest in `about`. A mail
    has `opens` and `clicks`, and its campaign in `about`. An event happened `times` times on that day.
    """

    at: int
    kind: str
    name: str = ""
    about: tuple[str, ...] = ()
    pages: int = 0
    seconds: int = 0
    opens: int = 0
    clicks: int = 0
    times: int = 1


def journey(ledgers: Mapping[str, Sequence[Event]]) -> tuple[tuple[Entry, ...], int]:
    """The latest entries of a lead whose subjects have these events, and the number of earlier ones."""
    events = [event for ledger in ledgers.values() for event in ledger if not event.bot]
    entries = [entry for ledger in ledgers.values() for entry in _visits(ledger)]
    entries += _mails(events)
    entries += _others(events)
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return tuple(entries[:MOST]), max(0, len(entries) - MOST)


def _visits(ledger: Sequence[Event]) -> list[Entry]:
    found = []
    for visit in visits(ledger, ()):
        if visit.pages:
            longest = sorted(visit.pages.items(), key=lambda page: (page[1].seconds, page[1].views), reverse=True)
            named = tuple(one_line(path) for path, _ in longest if path != OTHER)[:_PAGES]
            views = sum(page.views for page in visit.pages.values())
            seconds = sum(page.seconds for page in visit.pages.values()) or (visit.end - visit.start) // SECOND
            found.append(Entry(visit.start, "visit", about=named, pages=views, seconds=seconds))
    return found


def _mails(events: Sequence[Event]) -> list[Entry]:
    opened: dict[str, int] = {}
    clicked: dict[str, int] = {}
    for event in events:
        intent = event.properties.get("intent")
        if event.source == RIPEN and isinstance(intent, str):
            counted = {"Email Opened": opened, "Email Link Clicked": clicked}.get(event.name)
            if counted is not None:
                counted[intent] = counted.get(intent, 0) + 1
    return [
        Entry(
            event.at,
            "mail",
            str(event.properties.get("mail", "")),
            (str(event.properties.get("campaign", "")),),
            opens=opened.get(intent_id(event.properties), 0),
            clicks=clicked.get(intent_id(event.properties), 0),
        )
        for event in events
        if event.source == RIPEN and event.name == "Email Sent"
    ]


def _others(events: Sequence[Event]) -> list[Entry]:
    """What else tells something, equal events of a day folded."""
    found: dict[tuple[Any, ...], Entry] = {}
    for event in events:
        ours = event.source == RIPEN
        if event.name in _FOLDED or (ours and event.name not in _OURS) or event.name in DECISIONS | {UNDONE}:
            continue
        told = next((value for name in _TOLD if isinstance(value := event.properties.get(name), str | int | float)), "")
        about = (one_line(told),) if told != "" else ()
        key = (event.name, about, event.at // DAY)
        before = found.get(key)
        found[key] = Entry(event.at, "event", one_line(event.name), about, times=before.times + 1 if before else 1)
    return [*found.values()]
