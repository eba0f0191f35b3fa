"""Scans of the table for all leads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple

from adapters.dynamodb.attributes import attributes
from adapters.runtime.clients import client
from ripen.storage.ledger import RECORD_KEY
from ripen.times import to_iso

_MOST_PAGES = 100
"""The most pages of 1 MB that are read before an activation."""


def leads(table: str) -> Iterator[list[str]]:
    """The root subjects of all folded leads, in no particular order: one list per 1 MB of scanned data.

    Reads are eventually consistent. Subjects that are merged into another lead are left out.
    """
    for page in _records(table, "pk"):
        yield [item["pk"]["S"] for item in page]


class SegmentPage(NamedTuple):
    """The root subjects in a page of a segment, and the key after which the next page begins; None at the end."""

    subjects: list[str]
    after: dict[str, Any] | None


def segment_pages(table: str, segment: int, of: int, after: Mapping[str, Any] | None) -> Iterator[SegmentPage]:
    """The leads in one `of` so many segments of the table, from the key `after` on: one page per 1 MB of scanned data.

    The segments together hold each lead once. Reads are eventually consistent.
    """
    begin = {"ExclusiveStartKey": after} if after else {}
    for page in _pages(table, "pk", {}, Segment=segment, TotalSegments=of, **begin):
        yield SegmentPage([item["pk"]["S"] for item in page["Items"]], page.get("LastEvaluatedKey"))


def key_of(subject: str) -> dict[str, Any]:
    """The key of a lead's record, after which a scan of its segment can go on."""
    return attributes({"pk": subject, "sk": RECORD_KEY})


def table_bytes(table: str) -> int:
    """The size of the table, which DynamoDB counts about every six hours."""
    return int(client("dynamodb").describe_table(TableName=table)["Table"]["TableSizeBytes"])


def under_way(table: str) -> tuple[Counter[str], bool]:
    """The number of leads under way in each campaign, by its name in the ledger.

    The second value is false if the table has more than 100 MB and the rest was not read.
    """
    items, whole = _first_records(table, "#data")
    return Counter(name for item in items for name in _summary(item).get("under_way", ())), whole


class KnownLeads(NamedTuple):
    """The root subjects of `all` leads, and of the `recent` ones, in no particular order.

    They are not `whole` if the table has more than 100 MB and the rest was not read.
    """

    all: list[str]
    recent: list[str]
    whole: bool


def known_leads(table: str, now: int, since: int) -> KnownLeads:
    """All leads, and the recent ones: those that are due by `now` or were active since `since` (ms)."""
    items, whole = _first_records(table, "pk, due_at, #data")
    by = to_iso(now)
    recent = [
        item["pk"]["S"]
        for item in items
        if ("due_at" in item and item["due_at"]["S"] <= by) or _summary(item).get("active", now) >= since
    ]
    return KnownLeads([item["pk"]["S"] for item in items], recent, whole)


def _first_records(table: str, attributes_read: str) -> tuple[list[Any], bool]:
    pages = _records(table, attributes_read, {"#data": "data"})
    items = [item for page in islice(pages, _MOST_PAGES) for item in page]
    return items, next(pages, None) is None


def _summary(item: Any) -> dict[str, Any]:
    """The data of a record; empty if it has to be folded again."""
    found: dict[str, Any] = json.loads(item["data"]["S"] or "{}")
    return found


def _records(table: str, attributes_read: str, names: Mapping[str, str] = MappingProxyType({})) -> Iterator[list[Any]]:
    """The records of all root leads, with some attributes: one list per 1 MB of scanned data."""
    return (page["Items"] for page in _pages(table, attributes_read, names))


def _pages(table: str, attributes_read: str, names: Mapping[str, str], **scan: Any) -> Iterator[Any]:
    pages: Iterator[Any] = (
        client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=table,
            ProjectionExpression=attributes_read,
            FilterExpression="sk = :record AND attribute_not_exists(#lead)",
            ExpressionAttributeNames={"#lead": "lead", **names},
            ExpressionAttributeValues=attributes({":record": RECORD_KEY}),
            **scan,
        )
    )
    return iter(pages)
