"""A scan of the table for all leads."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.dynamodb.attributes import attributes
from adapters.runtime.clients import client
from ripen.storage.ledger import RECORD_KEY


def leads(table: str) -> Iterator[list[str]]:
    """The root subjects of all folded leads, in no particular order: one list per 1 MB of scanned data.

    Reads are eventually consistent. Subjects that are merged into another lead are left out.
    """
    pages = (
        client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=table,
            ProjectionExpression="pk",
            FilterExpression="sk = :record AND attribute_not_exists(#lead)",
            ExpressionAttributeNames={"#lead": "lead"},
            ExpressionAttributeValues=attributes({":record": RECORD_KEY}),
        )
    )
    for page in pages:
        yield [item["pk"]["S"] for item in page["Items"]]
