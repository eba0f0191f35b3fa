"""Visits: groups of a subject's events without a gap of half an hour, with their pages, touch and conversions.

Events of bots and explicit requests belong to no group; events that Ripen writes belong to one only if they are
conversions. A group without an event on a page (for example, only events of a server) counts as a visit only if it has
conversions.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ripen.conditions.pattern import Predicate, compile_pattern, event_names
from ripen.events.event import RIPEN, Event, without_nulls
from ripen.events.explicit_requests import is_request
from ripen.events.own_pages import opens_own_page
from ripen.sessions.attribution import (
    NONE_IGNORED,
    VISIT_GAP,
    IgnoredHosts,
    Touch,
    direct_touch,
    on_page,
    path_of,
    returns,
    touch_of,
)
from ripen.times import DAY, SECOND

PAGE_LEFT = "Page Left"
OTHER = "(other)"
"""The name under which pages beyond the limit, and pages without a path, are counted together."""

MOST_PAGES = 50
"""The most pages that are listed for one visit."""

LOOKBACK = 90 * DAY
"""The time (ms) for which a touch gets credit for conversions, as in Google Analytics
(https://support.google.com/analytics/answer/10597962)."""

RETURN_WITHIN = DAY
"""The longest absence (ms) after which a return from an ignored host continues the touch of the visit before."""

_LONGEST_DWELL = 12 * 60 * 60
_VIEWS = ("Page Viewed", "Screen Viewed")


class ConversionRule(NamedTuple):
    """A compiled conversion: matching events with one of the names in `events` (None: any name) count."""

    name: str
    events: frozenset[str] | None
    matches: Predicate


class PageVisit(NamedTuple):
    """The views of a page in a visit, and the seconds for which it was visible."""

    views: int = 0
    seconds: int = 0


class Span(NamedTuple):
    """A group of events: its first moment (ms), the number of events, and 1 if it counts as a visit, otherwise 0.

    `digest` is the CRC-32 of the ids and moments of the events; it changes if one event replaces another.
    """

    start: int
    events: int
    counts: int
    digest: int = 0


class Before(NamedTuple):
    """The state of a subject before the events that are loaded."""

    traits: Mapping[str, Any] = {}
    visited: bool = False
    touch: Touch | None = None


NOTHING_BEFORE = Before()


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit with this number of `events`, from the first at `start` to the last at `end` (ms).

    `touch` is the touch that began the visit; None if no event happened on a page. A visit that begins with a return
    from an ignored host, such as a payment provider, has the touch of the visit before. `credit` is the last touch that
    is not direct, at most LOOKBACK before the visit, or else the direct one. `first` is True for the first visit of the
    subject, `known` for the visit in which it gave its first address. `landing` and `exit` are the first and last page.
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
    """Events without a gap between them; `online` is True if one of them happened on a page."""

    events: list[Event]
    end: int
    traits: Mapping[str, Any]
    online: bool = False
    conversions: dict[str, int] = field(default_factory=dict)


def compile_conversions(conditions: Mapping[str, Mapping[str, Any]]) -> tuple[ConversionRule, ...]:
    """The compiled conversions for these `when:` conditions, which are keyed by name."""
    rules = []
    for name, condition in conditions.items():
        names = event_names(condition)
        rules.append(ConversionRule(name, None if names is None else frozenset(names), compile_pattern(condition)))
    return tuple(rules)


def spans(events: Iterable[Event], conversions: Sequence[ConversionRule]) -> list[Span]:
    """The groups of a subject's events, oldest first, with enough data to detect a new or changed visit."""
    groups = _groups(events, conversions, {})
    return [Span(group.events[0].at, len(group.events), int(_counts(group)), _digest(group)) for group in groups]


def visits(
    events: Iterable[Event],
    conversions: Sequence[ConversionRule],
    before: Before = NOTHING_BEFORE,
    ignored: IgnoredHosts = NONE_IGNORED,
) -> list[Visit]:
    """The visits in `events` (of one subject, sorted by time, without duplicates), oldest first.

    A link from an `ignored` host brings nobody.
    """
    made = []
    visited, last, was_known = before.visited, before.touch, _known(before.traits)
    previous, left = before.touch, before.touch.at if before.touch else 0
    for group in _groups(events, conversions, before.traits):
        start = group.events[0]
        touches = (touch_of(event, ignored) for event in group.events)
        brought = next((touch for touch in touches if touch and not touch.direct), None)
        if brought:
            last = brought
        elif previous and start.at - left < RETURN_WITHIN and returns(start, ignored):
            brought = previous
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
        if group.online:
            previous, left = brought, group.end
        visited, was_known = visited or group.online, was_known or _known(group.traits)
    return made


def _groups(events: Iterable[Event], conversions: Sequence[ConversionRule], traits: Mapping[str, Any]) -> list[_Group]:
    groups: list[_Group] = []
    for event in events:
        if event.bot or is_request(event):
            continue
        if event.traits:
            traits = without_nulls({**traits, **event.traits})
        met = _met(event, conversions, traits)
        if event.source == RIPEN and not met:
            continue
        dwelt = _seconds(event) * SECOND if event.name == PAGE_LEFT else 0
        # Page Left joins the current group: a reader may stay on a page for hours, and a tab that is closed much later
        # is no new visit.
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
    if not rules or opens_own_page(event):
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
