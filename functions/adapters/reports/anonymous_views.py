"""Write daily totals: one small update for each key that a request counts for."""

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
    """Forget which keys were made, as a new process would."""
    _known.clear()


def count_views(table: str, views: Iterable[Mapping[str, Any]], at: int, retention_days: int) -> None:
    """Add the page calls of one request to the totals of the day of `at` (milliseconds).

    Raises TableThrottledError when not all could be added. A request that is sent again then counts again: totals know
    nobody, so nobody can tell.
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
