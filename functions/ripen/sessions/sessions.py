"""Visits: a subject's events, cut wherever half an hour passes without one, and what each visit was like.

What bots did belongs to no visit, and neither does what Ripen itself records, unless it is a conversion. Events that
did not happen on a page (a server's, say) make groups in the same way; such a group is no visit, but may hold
conversions.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ripen.conditions.pattern import Predicate, compile_pattern, event_names
from ripen.events.event import RIPEN, Event
from ripen.sessions.attribution import VISIT_GAP, Touch, direct_touch, on_page, path_of, touch_of
from ripen.times import DAY, SECOND

PAGE_LEFT = "Page Left"
OTHER = "(other)"
"""The name under which what is too much to be listed is added up."""

MOST_PAGES = 50
"""Pages listed of one visit."""

LOOKBACK = 90 * DAY
"""A touch is credited with conversions for so long, as in Google Analytics
(https://support.google.com/analytics/answer/10597962)."""

_LONGEST_DWELL = 12 * 60 * 60
_VIEWS = ("Page Viewed", "Screen Viewed")


class ConversionRule(NamedTuple):
    """What counts as a conversion: the events of these names (None: any) that match."""

    name: str
    events: frozenset[str] | None
    matches: Predicate


class PageVisit(NamedTuple):
    """How often a page was viewed in a visit, and for how many seconds it was in sight."""

    views: int = 0
    seconds: int = 0


class Span(NamedTuple):
    """A group of events: its first moment (milliseconds), how many they are, and 1 when it counts as a visit.

    `digest` is the CRC-32 of their ids and moments, because one may go while another one comes.
    """

    start: int
    events: int
    counts: int
    digest: int = 0


class Before(NamedTuple):
    """What is known of a subject from events older than those at hand."""

    traits: Mapping[str, Any] = {}
    visited: bool = False
    touch: Touch | None = None


NOTHING_BEFORE = Before()


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit, from its first event at `start` to its last at `end` (milliseconds), of so many `events`.

    `touch` is what brought it; None when nothing of it happened on a page. `credit` is the last touch that was not
    direct, up to LOOKBACK ago. `first`: the subject had made no visit before. `known`: it gave an address here, and had
    given none before.
    """

    start: int
    end: int
    events: int
    touch: Touch | None
    credit: Touch
    pages: Mapping[str, PageVisit]
    landing: str
    exit: str
    first: bool
    known: bool
    conversions: Mapping[str, int]


@dataclass(slots=True)
class _Group:
    """Events without a gap between them; `online` when some happened on a page."""

    events: list[Event]
    end: int
    traits: Mapping[str, Any]
    online: bool = False
    conversions: dict[str, int] = field(default_factory=dict)


def compile_conversions(conditions: Mapping[str, Mapping[str, Any]]) -> tuple[ConversionRule, ...]:
    """The conversions, by name, that these conditions describe."""
    rules = []
    for name, condition in conditions.items():
        names = event_names(condition)
        rules.append(ConversionRule(name, None if names is None else frozenset(names), compile_pattern(condition)))
    return tuple(rules)


def spans(events: Iterable[Event], conversions: Sequence[ConversionRule]) -> list[Span]:
    """The groups of a subject's events, oldest first: enough to notice that a visit is new or has changed."""
    groups = _groups(events, conversions, {})
    return [Span(group.events[0].at, len(group.events), int(_counts(group)), _digest(group)) for group in groups]


def visits(
    events: Iterable[Event], conversions: Sequence[ConversionRule], before: Before = NOTHING_BEFORE
) -> list[Visit]:
    """The visits that `events` (of one subject, in order of time, each once) make, oldest first."""
    made = []
    visited, last, was_known = before.visited, before.touch, _known(before.traits)
    for group in _groups(events, conversions, before.traits):
        start = group.events[0]
        brought = next((touch for touch in map(touch_of, group.events) if touch and not touch.direct), None)
        if brought:
            last = brought
        if _counts(group):
            recent = last if last and start.at - last.at <= LOOKBACK else None
            direct = direct_touch(start)
            made.append(
                Visit(
                    start=start.at,
                    end=group.end,
                    events=len(group.events),
                    touch=(brought or direct) if group.online else None,
                    credit=recent or direct,
                    **_pages(group.events),
                    first=group.online and not visited,
                    known=not was_known and _known(group.traits),
                    conversions=group.conversions,
                )
            )
        visited, was_known = visited or group.online, was_known or _known(group.traits)
    return made


def _groups(events: Iterable[Event], conversions: Sequence[ConversionRule], traits: Mapping[str, Any]) -> list[_Group]:
    groups: list[_Group] = []
    for event in events:
        if event.bot:
            continue
        if event.traits:
            traits = {**traits, **event.traits}
        met = _met(event, conversions, traits)
        if event.source == RIPEN and not met:
            continue
        dwelt = _seconds(event) * SECOND if event.name == PAGE_LEFT else 0
        # Whoever reads a page for an hour was here all the time; a tab that is closed in the morning is no new visit.
        if not groups or (event.name != PAGE_LEFT and event.at - groups[-1].end >= VISIT_GAP):
            groups.append(_Group([], event.at, traits))
        group = groups[-1]
        group.events.append(event)
        group.traits = traits
        if event.at - dwelt - group.end < VISIT_GAP:
            group.end = event.at
        group.online = group.online or (event.name != PAGE_LEFT and on_page(event))
        for name in met:
            group.conversions[name] = group.conversions.get(name, 0) + 1
    return groups


def _digest(group: _Group) -> int:
    named = "".join(f"{event.id} {event.at}\n" for event in group.events)
    return zlib.crc32(named.encode("utf-8", "surrogatepass"))


def _counts(group: _Group) -> bool:
    return group.online or bool(group.conversions)


def _met(event: Event, conversions: Sequence[ConversionRule], traits: Mapping[str, Any]) -> list[str]:
    rules = [rule for rule in conversions if rule.events is None or event.name in rule.events]
    if not rules:
        return []
    facts = {"event": event.name, "properties": event.properties, "context": event.context, "traits": traits}
    return [rule.name for rule in rules if rule.matches(facts)]


def _pages(events: Sequence[Event]) -> dict[str, Any]:
    pages: dict[str, PageVisit] = {}
    path = landing = ""
    for event in events:
        if event.name not in (PAGE_LEFT, *_VIEWS):
            continue
        name = path_of(event) or OTHER
        if event.name != PAGE_LEFT:
            path = name
            landing = landing or name
        if name not in pages and len(pages) >= MOST_PAGES:
            name = OTHER
        page = pages.get(name, PageVisit())
        if event.name == PAGE_LEFT:
            pages[name] = page._replace(seconds=page.seconds + _seconds(event))
        else:
            pages[name] = page._replace(views=page.views + 1)
    return {"pages": pages, "landing": landing, "exit": path}


def _seconds(event: Event) -> int:
    seconds = event.properties.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _LONGEST_DWELL:
        return 0
    return round(seconds)


def _known(traits: Mapping[str, Any]) -> bool:
    address = traits.get("email")
    return isinstance(address, str) and bool(address.strip())
