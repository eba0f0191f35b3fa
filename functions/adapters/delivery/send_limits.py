"""Counters of mails to unproven addresses, per mailbox and per hour. The transaction that claims a mail raises them.

| pk                | sk       | content                                                                            |
|-------------------|----------|------------------------------------------------------------------------------------|
| `B#<hmac>`        | `B`      | `since`, `mails`, `overall` (see `ripen.messages.send_limits.Mailed`) of a mailbox |
| `B#unproven`      | the hour | `mails` to all unproven mailboxes                                                  |

The counters belong to no lead, so they stay when a lead is erased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.queries import get_item
from adapters.runtime.clients import client, succeeds
from ripen.config.schema.mailing import Unproven
from ripen.messages.send_limits import (
    Mailed,
    hour_of,
    mailbox_key,
    next_hour,
    opens_for_all,
    opens_for_mailbox,
    with_one_more,
)
from ripen.times import HOUR, SECOND, to_iso

MAILBOX_KEY = "B"
ALL = "B#unproven"
Action = Mapping[str, Any]


class SendLimit(NamedTuple):
    """The send limit of a mail to an unproven address, and the actions that count the mail.

    The limit of the mailbox with `key` permits the mail from `mailbox_opens` on, the limit of all unproven mailboxes
    from `opens` on. `counting` holds transaction actions that count the mail for the mailbox and the `hour`. They fail
    if the mailbox's counter has changed since it was read, or the hour is full. Moments are in milliseconds; `hour` is
    the start of the hour.
    """

    key: str
    hour: int
    mailbox_opens: int
    opens: int
    counting: Sequence[Action]

    @property
    def opens_at(self) -> int:
        """The moment (ms) from which both limits permit the mail."""
        return max(self.mailbox_opens, self.opens)

    @property
    def of_all(self) -> bool:
        """True if the limit of all unproven mailboxes delays the mail longer than the limit of this mailbox."""
        return self.opens > self.mailbox_opens

    @property
    def reason(self) -> str:
        """A name for the limit that delays the mail longest, for logs."""
        return "all unproven addresses" if self.of_all else "this mailbox"


def unproven_limit(table: str, key: str, limits: Unproven, now: int, kept_until: int) -> SendLimit:
    """The send limit of a mail to the unproven mailbox `key` at `now`, by the counters in the table.

    The mailbox's counter expires at `kept_until`. Moments are in milliseconds.
    """
    found = get_item(table, key, MAILBOX_KEY)
    mailed = Mailed(*(found.get(name, 0) for name in Mailed._fields))
    mails = get_item(table, ALL, to_iso(hour_of(now))).get("mails", 0)
    counting = (
        _count_mailbox(table, key, mailed if found else None, with_one_more(mailed, now), kept_until),
        counted_in_hour(table, ALL, "mails", limits.per_hour, now),
    )
    opens = opens_for_mailbox(mailed, limits, now), opens_for_all(mails, limits, now)
    return SendLimit(key, hour_of(now), *opens, counting)


def uncount(table: str, limit: SendLimit) -> None:
    """Subtract a mail that was counted and not sent from both counters.

    Each write is a transaction, because its token makes the SDK's retries after a lost answer count once.
    """
    for pk, sk, less in (
        (limit.key, MAILBOX_KEY, "ADD mails :less, overall :less"),
        (ALL, to_iso(limit.hour), "ADD mails :less"),
    ):
        update = {
            "TableName": table,
            "Key": attributes({"pk": pk, "sk": sk}),
            "UpdateExpression": less,
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": attributes({":less": -1}),
        }
        succeeds(client("dynamodb").transact_write_items, TransactItems=[{"Update": update}])


def release_mailbox(table: str, address: str, secret: bytes) -> None:
    """Delete the counter of an address's mailbox, after the address is proven."""
    key = {"pk": mailbox_key(address, secret), "sk": MAILBOX_KEY}
    client("dynamodb").delete_item(TableName=table, Key=attributes(key))


def _count_mailbox(table: str, key: str, before: Mailed | None, after: Mailed, until: int) -> Action:
    unchanged = "overall = :before AND since = :began" if before else "attribute_not_exists(pk)"
    given = {":since": after.since, ":mails": after.mails, ":overall": after.overall, ":ttl": until // SECOND}
    compared = {":before": before.overall, ":began": before.since} if before else {}
    update = {
        "TableName": table,
        "Key": attributes({"pk": key, "sk": MAILBOX_KEY}),
        "UpdateExpression": "SET since = :since, mails = :mails, overall = :overall, #ttl = :ttl",
        "ConditionExpression": unchanged,
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": attributes({**given, **compared}),
    }
    return {"Update": update}


def counted_in_hour(table: str, pk: str, name: str, most: int, now: int) -> Action:
    """The transaction action that adds one to the counter `name` of this hour (UTC). It fails at `most`."""
    update = {
        "TableName": table,
        "Key": attributes({"pk": pk, "sk": to_iso(hour_of(now))}),
        "UpdateExpression": f"ADD {name} :one SET #ttl = :ttl",
        "ConditionExpression": f"attribute_not_exists({name}) OR {name} < :most",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": attributes({":one": 1, ":most": most, ":ttl": (next_hour(now) + HOUR) // SECOND}),
    }
    return {"Update": update}
