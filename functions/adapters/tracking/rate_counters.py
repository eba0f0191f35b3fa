"""Rate counters that all copies of the tracking function share: one small item per source and minute.

A visitor gets an item per day too, but only after a twentieth of the daily limit.
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from adapters.runtime.clients import client, error_code
from ripen.events.rate_limits import Quota, RateLimits
from ripen.storage.ledger import counter_key
from ripen.times import HOUR, SECOND, to_iso

_SHARES = 10
"""The maximum number of rate counters updated after a request; each update takes a few milliseconds."""


def share_counts(table: str, limits: RateLimits) -> None:
    """Add the counts of this process that are due to the shared counters, and learn the totals."""
    for _ in range(_SHARES):
        share = limits.share()
        total = add(table, share) if share else None
        if share is None or total is None:
            return
        limits.learn(share, total)


def add(table: str, share: Quota) -> int | None:
    """Add to a counter, and return its total; None if the table cannot be reached, which is logged.

    The request is not retried, because a repeated addition could count twice. Its timeout is short, because the counted
    events are in the ledger already.
    """
    try:
        answer = client("dynamodb", impatient=True).update_item(
            TableName=table,
            Key={"pk": {"S": counter_key(share.source, share.subject)}, "sk": {"S": to_iso(share.begins)}},
            UpdateExpression="ADD #events :events SET #ttl = :ttl",
            ExpressionAttributeNames={"#events": "events", "#ttl": "ttl"},
            ExpressionAttributeValues={
                ":events": {"N": str(share.events)},
                ":ttl": {"N": str((share.ends + HOUR) // SECOND)},
            },
            ReturnValues="UPDATED_NEW",
        )
    except (BotoCoreError, ClientError) as error:
        cannot_tell(error)
        return None
    return int(answer["Attributes"]["events"]["N"])


def cannot_tell(error: BotoCoreError | ClientError) -> None:
    """Log that a shared counter cannot be reached. No event is refused for that."""
    from adapters.runtime.telemetry import logger  # noqa: PLC0415 - rare, and costly to import

    reason = error_code(error) if isinstance(error, ClientError) else type(error).__name__
    logger.warning("The shared counter of a limit cannot be reached", extra={"reason": reason})
