"""Daily figures in the table.

The score function reports visits, the trigger function sums them by hour, and a report reads the sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from adapters.dynamodb import table
from adapters.dynamodb.attributes import attributes, values
from adapters.dynamodb.queries import query
from adapters.runtime.clients import client, succeeds, unchanged
from adapters.store.load_lead import load_merged_lead
from adapters.tracking.event_names import names_in
from ripen.events.event import Event
from ripen.fold.rules import Rules
from ripen.reports.metrics import Figures, figures_of
from ripen.reports.rollup import (
    CLOSED_AFTER,
    ENDED,
    HOUR_PREFIX,
    NEXT_KEY,
    OPEN_KEY,
    UNCERTAIN,
    VISITS_KEPT,
    changes,
    day_key,
    hour_item,
    hour_key,
    hour_name,
    hour_of,
    latest_spans,
    mark_of,
    open_hour_item,
    read_figures,
    read_hour,
    visit_item,
    visit_prefix,
    visit_start,
    visits_key,
)
from ripen.sessions.sessions import NOTHING_BEFORE, Before, Span, visits
from ripen.storage.lead_record import Record
from ripen.times import HOUR, SECOND


class OpenHours(NamedTuple):
    """The open hours, oldest first, with their marks, and the first hour that is not opened yet (`next`).

    An open hour has to be summed, for the first time or again. `next` is None while there are no visits. Hours are
    their start in milliseconds.
    """

    marks: Mapping[int, str]
    next: int | None


class Day(NamedTuple):
    """The figures of a day by hour, and the page views without consent by page and by campaign."""

    hours: Mapping[int, Figures]
    anonymous_pages: Mapping[str, int]
    anonymous_campaigns: Mapping[str, int]


class Finished(NamedTuple):
    """The figures of one visit; None if the visit does not exist in the ledger.

    `certain` is true if the lead record remembers the same visits as the ledger up to this one. Otherwise the score
    function has not processed them yet, or crashed, and would not detect a change of them; the hour has to be summed
    again. `names` are those of the subject's events from the visit on.
    """

    figures: Figures | None
    certain: bool
    names: frozenset[str] = frozenset()


class Reporter(NamedTuple):
    """The context of a report of visits: table, subject, rules, and the state before the first event."""

    table_name: str
    subject: str
    rules: Rules
    before: Before = NOTHING_BEFORE


def report_visits(reporter: Reporter, events: Sequence[Event], record: Record, now: int) -> list[Span]:
    """Write the visits that are new or changed since `record`, and return the visits that the next record remembers.

    `events` (at least one) are the events of this subject alone. The caller saves the record afterwards. After a crash
    in between, the next call writes the same items again.
    """
    table_name, subject, rules, before = reporter
    found = latest_spans(events, rules.conversions)
    fresh = changes(remembered(record, subject), found, max(now, events[-1].at))
    if fresh.new or fresh.late:
        told = {span.start for span in (*fresh.new, *fresh.late)}
        all_visits = visits(events, rules.conversions, before, rules.ignored_referrers)
        made = {visit.start: figures_of(visit) for visit in all_visits if visit.start in told}
        _put_visits(table_name, subject, fresh.new, made)
        # Read after the write: every hour that is opened after this read is summed with these visits.
        first_unopened = _first_unopened(table_name, hour_of(min((*fresh.new, *fresh.late)).start))
        late = [span for span in fresh.late if hour_of(span.start) < first_unopened]
        _put_visits(table_name, subject, late, made)
        for hour in sorted({hour_of(span.start) for span in (*fresh.new, *late)}):
            if hour < first_unopened:
                table.put_items(table_name, [open_hour_item(hour, mark_of(subject, found))])
    return found


def _put_visits(table_name: str, subject: str, found: Sequence[Span], made: Mapping[int, Figures]) -> None:
    for span in found:
        figures = made.get(span.start, Figures())
        table.put_items(table_name, [visit_item(subject, span.start, span.digest, figures, final=False)])


def _first_unopened(table_name: str, first: int) -> int:
    """The first hour that is not opened yet. If the table holds none, `first` is written as this hour."""
    key = attributes({"pk": OPEN_KEY, "sk": NEXT_KEY})
    begin = attributes({"pk": OPEN_KEY, "sk": NEXT_KEY, "hour": hour_name(first)})
    for _ in range(2):
        found = client("dynamodb").get_item(TableName=table_name, Key=key, ConsistentRead=True)
        if "Item" in found:
            return read_hour(values(found["Item"])["hour"])
        condition = "attribute_not_exists(pk)"
        succeeds(client("dynamodb").put_item, TableName=table_name, Item=begin, ConditionExpression=condition)
    return first


def remembered(record: Record, subject: str) -> list[Span]:
    """The reported visits of a subject that a record remembers."""
    return [Span(*span) for span in record.visits.get(subject, [])]


def open_hours(table_name: str) -> OpenHours:
    """The hours that have to be summed."""
    items = list(query(table_name, "pk = :pk", {":pk": OPEN_KEY}))
    marks = {read_hour(item["sk"]): item["mark"] for item in items if item["sk"] != NEXT_KEY}
    first_unopened = next((read_hour(item["hour"]) for item in items if item["sk"] == NEXT_KEY), None)
    return OpenHours(marks, first_unopened)


def end_hours(table_name: str, first: int, until: int) -> None:
    """Open all hours that begin from `first` to before `until`, and store `until` as the next hour.

    A slow sweep may end after a later one; it does not move the next hour back.
    """
    for hour in range(first, until, HOUR):
        table.put_items(table_name, [open_hour_item(hour, ENDED)])
    succeeds(
        client("dynamodb").put_item,
        TableName=table_name,
        Item=attributes({"pk": OPEN_KEY, "sk": NEXT_KEY, "hour": hour_name(until)}),
        ConditionExpression="attribute_not_exists(pk) OR #hour < :until",
        ExpressionAttributeNames={"#hour": "hour"},
        ExpressionAttributeValues=attributes({":until": hour_name(until)}),
    )


def close_hour(table_name: str, hour: int, mark: str) -> None:
    """Close an hour that was summed, unless its mark has changed meanwhile."""
    succeeds(
        client("dynamodb").delete_item,
        TableName=table_name,
        Key=attributes({"pk": OPEN_KEY, "sk": hour_name(hour)}),
        ConditionExpression="mark = :mark",
        ExpressionAttributeValues=attributes({":mark": mark}),
    )


def leave_open(table_name: str, hour: int) -> None:
    """Mark an hour as uncertain, so that it is summed again after the next hour has ended."""
    table.put_items(table_name, [open_hour_item(hour, UNCERTAIN)])


def visits_of(table_name: str, hour: int, now: int) -> Iterator[dict[str, Any]]:
    """The items of the visits that began in an hour and have not expired, read page by page."""
    found = query(table_name, "pk = :pk", {":pk": visits_key(hour)})
    return (item for item in found if item["ttl"] * SECOND > now)


def finish_visit(table_name: str, item: Mapping[str, Any], rules: Rules, now: int, *, again: bool = True) -> Finished:
    """Recompute a reported visit from the ledger, and store it as final if the lead record remembers the same visits.

    A visit that the score function reports again meanwhile stays as reported; its hour is then open again. When its
    hour is summed for the first time, a visit whose report is right already is not written: only an hour that is summed
    `again` saves the work that final visits save.
    """
    subject, start = item["subject"], visit_start(item)
    tree = load_merged_lead(table_name, subject, now)
    if subject not in tree.ledgers:  # a concurrent unmerge removed it from its lead
        return Finished(read_figures(item), certain=False)
    made = visits(tree.ledgers[subject], rules.conversions, ignored=rules.ignored_referrers)
    visit = next((visit for visit in made if visit.start == start), None)
    condition = {
        "TableName": table_name,
        "ConditionExpression": "seen = :seen",
        "ExpressionAttributeValues": attributes({":seen": item["seen"]}),
    }
    if visit is None:
        succeeds(client("dynamodb").delete_item, Key=attributes({"pk": item["pk"], "sk": item["sk"]}), **condition)
        return Finished(None, certain=True)
    figures, names = figures_of(visit), names_in(event for event in tree.ledgers[subject] if event.at >= start)
    # A visit that the record lacks can vanish before the score function runs, and would then never be corrected.
    open_since = now - CLOSED_AFTER
    found, known = (
        [span for span in some if open_since <= span.start <= start]
        for some in (latest_spans(tree.ledgers[subject], rules.conversions), remembered(tree.record, subject))
    )
    if found != known:
        return Finished(figures, certain=False, names=names)
    if again or figures != read_figures(item):
        final = visit_item(subject, start, item["seen"], figures, final=True)
        succeeds(client("dynamodb").put_item, Item=attributes(final), **condition)
    return Finished(figures, certain=True, names=names)


def forget_visits(table_name: str, subject: str, events: Sequence[Event]) -> None:
    """Delete the reported visits of a subject, for an erasure. Its `events` give the hours of the visits."""
    for item in reported_visits(table_name, subject, events):
        client("dynamodb").delete_item(TableName=table_name, Key=attributes({"pk": item["pk"], "sk": item["sk"]}))


def reported_visits(table_name: str, subject: str, events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    """The items of the reported visits of a subject. Its `events` give the hours of the visits."""
    latest = max((event.at for event in events), default=0)
    condition = "pk = :pk AND begins_with(sk, :prefix)"
    for hour in sorted({hour_of(event.at) for event in events if event.at > latest - VISITS_KEPT}):
        yield from query(table_name, condition, {":pk": visits_key(hour), ":prefix": visit_prefix(subject)})


def load_hour(table_name: str, hour: int) -> tuple[Figures, int]:
    """The figures of an hour and their version; the version is 0 if the hour has none."""
    found = client("dynamodb").get_item(TableName=table_name, Key=attributes(hour_key(hour)), ConsistentRead=True)
    if "Item" not in found:
        return Figures(), 0
    item = values(found["Item"])
    return read_figures(item), item["version"]


def save_hour(table_name: str, hour: int, figures: Figures, version: int) -> bool:
    """Write the figures of an hour with the version after `version`. False if the stored version differs."""
    item = attributes(hour_item(hour, figures, version + 1))
    return succeeds(client("dynamodb").put_item, TableName=table_name, Item=item, **unchanged(version))


def read_day(table_name: str, day: str) -> Day:
    """The figures and page views of a day such as `2026-03-02` (UTC), in one query."""
    hours: dict[int, Figures] = {}
    pages: dict[str, int] = {}
    campaigns: dict[str, int] = {}
    for item in query(table_name, "pk = :pk", {":pk": day_key(day)}):
        kind, _, name = item["sk"].partition("#")
        if item["sk"].startswith(HOUR_PREFIX):
            hours[read_hour(f"{day}T{name}")] = read_figures(item)
        elif kind in ("page", "campaign"):
            (pages if kind == "page" else campaigns)[name] = item.get("views", 0)
    return Day(hours, pages, campaigns)
