"""Reads of the table: single items, and queries that yield items one by one, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.dynamodb.attributes import attributes, values
from adapters.runtime.clients import client


def query(table: str, condition: str, known: Mapping[str, Any], **options: Any) -> Iterator[dict[str, Any]]:
    """The items that match a key condition, in key order, read page by page; `known` holds the condition's values.

    Reads are strongly consistent, unless `options` name an index.
    """
    if "IndexName" not in options:
        options["ConsistentRead"] = True
    pages = (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=attributes(known),
            **options,
        )
    )
    return (values(item) for page in pages for item in page["Items"])


def get_item(table: str, pk: str, sk: str) -> dict[str, Any]:
    """One item, read strongly consistent; empty if there is none."""
    key = attributes({"pk": pk, "sk": sk})
    return values(client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {}))
