"""The hold on all mail of the account, shared by all copies of the function.

| pk          | sk  | content                                                        |
|-------------|-----|----------------------------------------------------------------|
| `B#account` | `H` | `cause`, `began`, `ends`, `tries`: see `ripen.messages.holds`  |

The item is the first of the due index, so that a sweep reads nothing more while there is no hold.
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.queries import get_item
from adapters.runtime.clients import client, succeeds
from adapters.runtime.telemetry import count, logger
from ripen.messages.holds import Hold, Limit, next_hold
from ripen.times import HOUR, MINUTE, to_iso

ACCOUNT, HOLD_KEY = "B#account", "H"
LIMIT_METRICS = {
    Limit.QUOTA: "SendQuotaReached",
    Limit.PAUSED: "SendingPaused",
    Limit.SENDER: "SenderNotVerified",
    Limit.SETUP: "SendingNotPermitted",
}
"""The metric of each limit that holds back all mails."""

HOLD_SHARD = "0"
_JUST_ENDED = 5 * MINUTE
_KEPT = HOUR
"""The time (ms) for which an ended hold is kept: a hold that begins in it is longer."""


def hold_in_force(table: str, now: int) -> Hold | None:
    """The hold on all mail at `now` (ms); None if mails may be sent."""
    hold = _read(table)
    return hold if hold is not None and hold.until > now else None


def begin_hold(table: str, limit: Limit, now: int) -> Hold:
    """Hold all mails from `now` (ms) on; returns the hold that is in force then, which may be that of another copy."""
    before = _read(table)
    if before is not None and before.until > now:
        return before
    hold = next_hold(limit, before, now)
    item = {
        "pk": ACCOUNT,
        "sk": HOLD_KEY,
        "cause": hold.limit.value,
        "began": hold.since,
        "ends": hold.until,
        "tries": hold.tries,
        "due_shard": HOLD_SHARD,
        "due_at": to_iso(0),
    }
    began = succeeds(
        client("dynamodb").put_item,
        TableName=table,
        Item=attributes(item),
        ConditionExpression="attribute_not_exists(pk) OR ends <= :now",
        ExpressionAttributeValues=attributes({":now": now}),
    )
    if not began:
        return _read(table) or hold
    logger.error("SES accepts no mail of the account", extra={"limit": hold.limit.value, "until": hold.until})
    count_hold(hold)
    return hold


def watched_hold(table: str, now: int) -> Hold | None:
    """The hold at `now` (ms), for the sweep: counts the hold, and prolongs it as long as SES names its cause.

    A hold that ended long ago is deleted.

    The metric of a hold is counted each minute, so its alarm stays on, and notifies once.
    """
    hold = _read(table)
    if hold is None:
        return None
    if hold.until <= now < hold.until + _JUST_ENDED and _is_limited(hold.limit):
        hold = begin_hold(table, hold.limit, now)
    if hold.until <= now:
        if hold.until + _KEPT < now:
            _forget(table, hold)
        return None
    count_hold(hold)
    return hold


def _forget(table: str, hold: Hold) -> None:
    succeeds(
        client("dynamodb").delete_item,
        TableName=table,
        Key=attributes({"pk": ACCOUNT, "sk": HOLD_KEY}),
        ConditionExpression="ends = :ends",
        ExpressionAttributeValues=attributes({":ends": hold.until}),
    )


def count_hold(hold: Hold) -> None:
    """Count the metric of a hold."""
    count(LIMIT_METRICS[hold.limit])


def _is_limited(limit: Limit) -> bool:
    """True if SES says that the limit still applies. It does not say so of senders and permissions: a mail tells.

    Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
    """
    if limit not in (Limit.QUOTA, Limit.PAUSED):
        return False
    try:
        account = client("sesv2", repeating=True).get_account()
        quota = account["SendQuota"]
        used_up = 0 <= quota["Max24HourSend"] <= quota["SentLast24Hours"]  # -1 is without a limit
        paused = not account["SendingEnabled"] or account["EnforcementStatus"] == "SHUTDOWN"
    except (ClientError, BotoCoreError, KeyError) as error:
        logger.warning("The state of the SES account cannot be read", extra={"error": type(error).__name__})
        return False
    return bool(used_up) if limit is Limit.QUOTA else bool(paused)


def _read(table: str) -> Hold | None:
    found = get_item(table, ACCOUNT, HOLD_KEY)
    return Hold(Limit(found["cause"]), found["began"], found["ends"], found["tries"]) if found else None
