"""Writes daily totals of page views without consent: one update per key that a request counts for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from adapters.dynamodb.table import throttled
from adapters.runtime.clients import client
from ripen.privacy.anonymous_views import KnownKeys, totals_key
from ripen.times import DAY, SECOND

_known: dict[str, KnownKeys] = {}


def clear_cache() -> None:
    """Drop the record of the keys that this process has made."""
    _known.clear()


def count_views(table: str, views: Iterable[Mapping[str, Any]], at: int, retention_days: int) -> None:
    """Add the page views of one request to the totals of the UTC day of `at` (milliseconds).

    Raises TableThrottledError if some totals could not be updated. A retried request counts again: totals hold no ids,
    so duplicates cannot be recognized.
    """
    day = totals_key(at)
    expires = (at // DAY + retention_days) * DAY // SECOND
    for key, count in _known.setdefault(table, KnownKeys()).tally(day, views).items():
        try:
            client("dynamodb").update_item(
                TableName=table,
                Key={"pk": {"S": day}, "sk": {"S": key}},
                UpdateExpression="ADD #views :count SET #ttl = :expires",
                ExpressionAttributeNames={"#views": "views", "#ttl": "ttl"},
                ExpressionAttributeValues={":count": {"N": str(count)}, ":expires": {"N": str(expires)}},
            )
        except ClientError as error:
            raise throttled(error) from error
