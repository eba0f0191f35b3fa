"""The hourly rollup: score reports new and changed visits, and each hour's visits add up to its figures.

| pk                    | sk                       | content                                                     |
|-----------------------|--------------------------|-------------------------------------------------------------|
| `V#<YYYY-MM-DDTHH>`   | `<digest>#<start>`       | one visit that began in this hour (UTC); expires            |
| `T#<YYYY-MM-DD>`      | `hour#<HH>`              | the figures of one hour                                     |
| `T#open`              | `<YYYY-MM-DDTHH>`        | an hour to add up, for the first time or again              |
| `T#open`              | `next`                   | the first hour that is not yet due to be added up           |

A visit depends only on its subject's events, and an hour's figures only on its visits. Adding up an hour again can
therefore only correct it. `seen` is the digest of the visit's events at the time of score's report. `final` is 1
once the visit was computed from the whole ledger while its hour was added up.
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
"""Milliseconds after its end at which an hour is first added up; most late events have arrived by then."""

ENDED = "ended"
"""The mark of an hour that has to be added up for the first time."""

UNCERTAIN = "uncertain"
"""The mark of an hour with a visit that the lead record lacks or holds in another version."""

CLOSED_AFTER = 3 * DAY
"""Milliseconds after a visit's start after which late events change no figures. Google Analytics uses 72 hours, too:
https://support.google.com/analytics/answer/9786018"""

VISITS_KEPT = 14 * DAY
"""Retention of reported visits (ms): longer than figures may change; a longer outage of the trigger loses visits."""

_MOST_REMEMBERED = 16
_HOUR_LENGTH = len("2026-03-02T08")


class Changes(NamedTuple):
    """The `new` visits to report, and the `late` ones, which changed after their hour. A deleted visit has 0 events."""

    new: list[Span]
    late: list[Span]


def latest_spans(events: Sequence[Event], conversions: Sequence[ConversionRule]) -> list[Span]:
    """The latest spans of a subject's events, whose figures may still change; the lead record stores them."""
    found = spans(events, conversions)
    return [span for span in found[-_MOST_REMEMBERED:] if span.start > found[-1].start - CLOSED_AFTER]


def changes(before: Sequence[Span], found: Sequence[Span], now: int) -> Changes:
    """The visits that are new or changed since `before`, without those too old to change figures.

    All visits after a changed one count as changed, since it may be the subject's first visit or make the lead known.
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
    """The start (ms) of the hour (UTC)."""
    return moment - moment % HOUR


def hour_name(moment: int) -> str:
    """The name of the hour, such as `2026-03-02T08`."""
    return to_iso(moment)[:_HOUR_LENGTH]


def read_hour(name: str) -> int:
    """The start (ms) of the hour with this name."""
    return parse_iso(f"{name}:00")


def visits_key(hour: int) -> str:
    """The partition key of the visits that began in this hour."""
    return f"V#{hour_name(hour)}"


def visit_prefix(subject: str) -> str:
    """The prefix of the sort keys of a subject's visits."""
    return f"{digest(subject)}#"


def visit_key(subject: str, start: int) -> dict[str, str]:
    """The key of a subject's visit that began at `start`."""
    return {"pk": visits_key(hour_of(start)), "sk": f"{visit_prefix(subject)}{start}"}


def visit_item(subject: str, start: int, seen: int, figures: Figures, *, final: bool) -> dict[str, Any]:
    """The item of a visit with its figures."""
    return visit_key(subject, start) | {
        "subject": subject,
        "seen": seen,
        "final": int(final),
        "data": _dump(figures),
        "ttl": (hour_of(start) + VISITS_KEPT) // SECOND,
    }


def visit_start(item: Mapping[str, Any]) -> int:
    """The start (ms) of a reported visit."""
    return int(item["sk"].rpartition("#")[2])


def hour_key(hour: int) -> dict[str, str]:
    """The key of an hour's figures."""
    day, _, number = hour_name(hour).partition("T")
    return {"pk": day_key(day), "sk": f"{HOUR_PREFIX}{number}"}


def day_key(day: str) -> str:
    """The partition key of the figures of a day such as `2026-03-02`."""
    return f"T#{day}"


def hour_item(hour: int, figures: Figures, version: int) -> dict[str, Any]:
    """The item of an hour's figures; `version` counts its writes."""
    return hour_key(hour) | {"version": version, "data": _dump(figures)}


def read_figures(item: Mapping[str, Any]) -> Figures:
    """The figures in the item of an hour or of a visit."""
    return Figures.from_json(json.loads(item["data"]))


def open_hour_item(hour: int, mark: str) -> dict[str, Any]:
    """The item of an hour to add up; `mark` is ENDED, UNCERTAIN or a result of `mark_of`."""
    return {"pk": OPEN_KEY, "sk": hour_name(hour), "mark": mark, "ttl": (hour + VISITS_KEPT) // SECOND}


def mark_of(subject: str, found: Sequence[Span]) -> str:
    """A mark that differs whenever this subject's visits differ."""
    return digest(f"{subject}{json.dumps(found)}")


def digest(text: str) -> str:
    """A stand-in for a subject in keys: 16 hex digits of SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _dump(figures: Figures) -> str:
    return json.dumps(figures.as_json(), ensure_ascii=False, separators=(",", ":"))
