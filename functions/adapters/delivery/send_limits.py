"""Counters of mails to unproven addresses: for each mailbox and for each hour, raised with the claim of the mail.

| pk                | sk       | what                                                              |
|-------------------|----------|-------------------------------------------------------------------|
| `B#<hmac>`        | `B`      | `since`, `mails`, `overall` (see `ripen.messages.send_limits.Mailed`) of a mailbox |
| `B#unproven`      | the hour | `mails` to all of them                                            |

They belong to no lead, so they outlive one that is erased.
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


class Brake(NamedTuple):
    """Whether one more mail may go to an unproven address: to this mailbox from `mailbox_opens`, to any from `opens`.

    `counting` are the parts of a transaction that count it for the mailbox of `key` and the `hour` (its begin in
    milliseconds); they fail if anybody else was counted meanwhile.
    """

    key: str
    hour: int
    mailbox_opens: int
    opens: int
    counting: Sequence[Action]

    @property
    def opens_at(self) -> int:
        """From when on (milliseconds) the mail may go out."""
        return max(self.mailbox_opens, self.opens)

    @property
    def of_all(self) -> bool:
        """True if the mailbox may get the mail, and there are too many such mails altogether."""
        return self.opens > self.mailbox_opens

    @property
    def reason(self) -> str:
        """Which of the two holds back, or would do so the longest."""
        return "all unproven addresses" if self.of_all else "this mailbox"


def unproven_brake(table: str, key: str, limits: Unproven, now: int, kept_until: int) -> Brake:
    """What holds back a mail to the unproven mailbox of this key at `now`, as it stands in the table.

    Once it is counted, it counts until `kept_until`; moments are in milliseconds.
    """
    found = get_item(table, key, MAILBOX_KEY)
    mailed = Mailed(*(found.get(name, 0) for name in Mailed._fields))
    mails = get_item(table, ALL, to_iso(hour_of(now))).get("mails", 0)
    counting = (
        _count_mailbox(table, key, mailed if found else None, with_one_more(mailed, now), kept_until),
        counted_in_hour(table, ALL, "mails", limits.per_hour, now),
    )
    opens = opens_for_mailbox(mailed, limits, now), opens_for_all(mails, limits, now)
    return Brake(key, hour_of(now), *opens, counting)


def uncount(table: str, brake: Brake) -> None:
    """Count a mail less: it was counted, and did not go out."""
    for pk, sk, less in (
        (brake.key, MAILBOX_KEY, "ADD mails :less, overall :less"),
        (ALL, to_iso(brake.hour), "ADD mails :less"),
    ):
        succeeds(
            client("dynamodb").update_item,
            TableName=table,
            Key=attributes({"pk": pk, "sk": sk}),
            UpdateExpression=less,
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues=attributes({":less": -1}),
        )


def release_mailbox(table: str, address: str, secret: bytes) -> None:
    """Begin to count anew for the mailbox of an address: its reader has proven it."""
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
    """The part of a transaction that counts one more `name` in this hour (UTC); it fails if there are `most`."""
    update = {
        "TableName": table,
        "Key": attributes({"pk": pk, "sk": to_iso(hour_of(now))}),
        "UpdateExpression": f"ADD {name} :one SET #ttl = :ttl",
        "ConditionExpression": f"attribute_not_exists({name}) OR {name} < :most",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": attributes({":one": 1, ":most": most, ":ttl": (next_hour(now) + HOUR) // SECOND}),
    }
    return {"Update": update}
