"""Reported visits: from score, which notices that a visit is new or has changed, to the figures of an hour.

| pk                    | sk                       | what                                                        |
|-----------------------|--------------------------|-------------------------------------------------------------|
| `V#<YYYY-MM-DDTHH>`   | `<digest>#<start>`       | one visit that began in this hour (UTC); expires            |
| `T#<YYYY-MM-DD>`      | `hour#<HH>`              | the figures of one hour                                     |
| `T#open`              | `<YYYY-MM-DDTHH>`        | an hour to add up, for the first time or again              |
| `T#open`              | `next`                   | the first hour whose turn has not come yet                  |

A visit is a pure function of its subject's events, and the figures of an hour of its visits: to add up an hour again
can only correct it. `seen` of a visit is the digest of the events that score had seen of it when it reported it;
`final` is 1 once it was made of all that was in the ledger when its hour was added up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ripen.events.event import Event
from ripen.reports.metrics import Figures
from ripen.sessions.sessions import ConversionRule, Span, spans
from ripen.times import DAY, HOUR, SECOND, parse_iso, to_iso

OPEN_KEY = "T#open"
NEXT_KEY = "next"
HOUR_PREFIX = "hour#"

ADDED_UP_AFTER = HOUR
"""How long after its end an hour is added up for the first time: most of what comes late has come by then."""

ENDED = "ended"
"""The mark of an hour that is added up for the first time."""

UNCERTAIN = "uncertain"
"""The mark of an hour with a visit that the lead's record does not know, or not like this, yet."""

CLOSED_AFTER = 3 * DAY
"""What arrives later than this after the hour of its visit changes no figures. Google Analytics takes 72 hours, too:
https://support.google.com/analytics/answer/9786018"""

VISITS_KEPT = 14 * DAY
"""Longer than figures may change, and than the trigger may stand still before any are lost."""

_MOST_REMEMBERED = 16
_HOUR_LENGTH = len("2026-03-02T08")


class Changes(NamedTuple):
    """Visits to report, and those that changed after their hour had ended; one that is no more has 0 events."""

    new: list[Span]
    late: list[Span]


def latest_spans(events: Sequence[Event], conversions: Sequence[ConversionRule]) -> list[Span]:
    """What the record remembers: the latest groups of a subject's events, those that figures may still change for."""
    found = spans(events, conversions)
    return [span for span in found[-_MOST_REMEMBERED:] if span.start > found[-1].start - CLOSED_AFTER]


def changes(before: Sequence[Span], found: Sequence[Span], now: int) -> Changes:
    """What became of the visits since `before`; what figures no longer take in is left out.

    A visit that comes to light late may have been the first, or have made the lead known, so that all after it count
    as changed.
    """
    known = {span.start: span for span in before}
    present = {span.start: span for span in found}
    oldest = found[0].start if len(found) == _MOST_REMEMBERED else max(present, default=0) - CLOSED_AFTER
    gone = {start: Span(start, 0, 0) for start in known if start not in present and start > oldest}
    changed = [start for start, span in (present | gone).items() if known.get(start) != span]
    new, late = [], []
    for start, span in sorted((present | gone).items()):
        if not changed or start < min(changed) or now - start > CLOSED_AFTER:
            continue
        if start in known and known[start].counts:
            if hour_of(start) + HOUR <= now:
                late.append(span)
        elif span.counts:
            new.append(span)
    return Changes(new, late)


def hour_of(moment: int) -> int:
    """The beginning of the hour, UTC, in milliseconds."""
    return moment - moment % HOUR


def hour_name(moment: int) -> str:
    """`2026-03-02T08`."""
    return to_iso(moment)[:_HOUR_LENGTH]


def read_hour(name: str) -> int:
    """The beginning of an hour from its name, in milliseconds."""
    return parse_iso(f"{name}:00")


def visits_key(hour: int) -> str:
    """The partition of the visits that began in this hour."""
    return f"V#{hour_name(hour)}"


def visit_prefix(subject: str) -> str:
    """How the sort keys of all visits of a subject begin."""
    return f"{digest(subject)}#"


def visit_key(subject: str, start: int) -> dict[str, str]:
    """Where the visit of a subject is kept that began at `start`."""
    return {"pk": visits_key(hour_of(start)), "sk": f"{visit_prefix(subject)}{start}"}


def visit_item(subject: str, start: int, seen: int, figures: Figures, *, final: bool) -> dict[str, Any]:
    """A visit with what it adds to the figures."""
    return visit_key(subject, start) | {
        "subject": subject,
        "seen": seen,
        "final": int(final),
        "data": _dump(figures),
        "ttl": (hour_of(start) + VISITS_KEPT) // SECOND,
    }


def visit_start(item: Mapping[str, Any]) -> int:
    """When a reported visit began."""
    return int(item["sk"].rpartition("#")[2])


def hour_key(hour: int) -> dict[str, str]:
    """Where the figures of an hour are kept."""
    day, _, number = hour_name(hour).partition("T")
    return {"pk": day_key(day), "sk": f"{HOUR_PREFIX}{number}"}


def day_key(day: str) -> str:
    """The partition with the figures of a day such as `2026-03-02`."""
    return f"T#{day}"


def hour_item(hour: int, figures: Figures, version: int) -> dict[str, Any]:
    """The figures of an hour; `version` counts how often it was added up."""
    return hour_key(hour) | {"version": version, "data": _dump(figures)}


def read_figures(item: Mapping[str, Any]) -> Figures:
    """The figures in the item of an hour, or of a visit."""
    return Figures.from_json(json.loads(item["data"]))


def open_hour_item(hour: int, mark: str) -> dict[str, Any]:
    """An hour to add up: ENDED, or again, with a `mark` that always stands for the same events."""
    return {"pk": OPEN_KEY, "sk": hour_name(hour), "mark": mark, "ttl": (hour + VISITS_KEPT) // SECOND}


def mark_of(subject: str, found: Sequence[Span]) -> str:
    """A mark that another one replaces whenever this subject's visits change."""
    return digest(f"{subject}{json.dumps(found)}")


def digest(text: str) -> str:
    """Sixteen hex digits that stand for a subject in keys."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _dump(figures: Figures) -> str:
    return json.dumps(figures.as_json(), ensure_ascii=False, separators=(",", ":"))
