"""Scans of the table for all leads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from adapters.dynamodb.attributes import attributes
from adapters.runtime.clients import client
from ripen.storage.ledger import RECORD_KEY


def leads(table: str) -> Iterator[list[str]]:
    """The root subjects of all folded leads, in no particular order: one list per 1 MB of scanned data.

    Reads are eventually consistent. Subjects that are merged into another lead are left out.
    """
    for page in _records(table, "pk"):
        yield [item["pk"]["S"] for item in page]


def under_way(table: str, most_pages: int) -> tuple[Counter[str], bool]:
    """The number of leads under way in each campaign, by its name in the ledger.

    Reads at most this many pages of 1 MB, eventually consistent; the second value is false if there are more.
    """
    found: Counter[str] = Counter()
    for number, page in enumerate(_records(table, "#data", {"#data": "data"})):
        if number == most_pages:
            return found, False
        for item in page:
            found.update(json.loads(item["data"]["S"] or "{}").get("under_way", ()))
    return found, True


def _records(table: str, attribute: str, names: Mapping[str, str] = MappingProxyType({})) -> Iterator[list[Any]]:
    """The records of all root leads, with one attribute: one list per 1 MB of scanned data."""
    pages = (
        client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=table,
            ProjectionExpression=attribute,
            FilterExpression="sk = :record AND attribute_not_exists(#lead)",
            ExpressionAttributeNames={"#lead": "lead", **names},
            ExpressionAttributeValues=attributes({":record": RECORD_KEY}),
        )
    )
    for page in pages:
        yield page["Items"]
