"""Every lead of the table, one page of records after the other."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.dynamodb.attributes import attributes
from adapters.runtime.clients import client
from ripen.storage.ledger import RECORD_KEY


def leads(table: str) -> Iterator[list[str]]:
    """The subject of each lead that has been folded, in no order: a list for each 1 MB that was read for it.

    Read eventually consistent. Subjects that were merged below another one are not named.
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
