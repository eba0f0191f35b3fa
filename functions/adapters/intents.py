"""Intents to send: claimed before sending, given back or ended afterwards, each in one conditional write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.attributes import attributes as _attributes
from adapters.aws import client
from adapters.aws import held as _held
from adapters.queries import query
from ripen.errors import VersionConflictError
from ripen.ledger import INTENT_PREFIX, RECORD_KEY, due_shard
from ripen.times import SECOND, to_iso

Item = Mapping[str, Any]


class Claim(NamedTuple):
    """One attempt to claim an intent: `holder` is unique to it. Unended at `until` it is due itself; times in ms."""

    holder: str
    until: int
    kept_until: int


def claim_intent(table: str, subject: str, key: str, claim: Claim, version: int) -> bool:
    """Claim an intent before sending; False when somebody else did, or the intent has ended.

    `version` is that of the record under which it was decided; raises VersionConflictError when there is another one:
    the lead may have been merged meanwhile with one that got this mail.
    """
    item = {
        "pk": subject,
        "sk": key,
        "status": "claimed",
        "holder": claim.holder,
        "due_shard": due_shard(subject),
        "due_at": to_iso(claim.until),
        "ttl": claim.kept_until // SECOND,
    }
    put = {"TableName": table, "Item": _attributes(item), "ConditionExpression": "attribute_not_exists(pk)"}
    check = {
        "TableName": table,
        "Key": _attributes({"pk": subject, "sk": RECORD_KEY}),
        "ConditionExpression": "version = :before",
        "ExpressionAttributeValues": _attributes({":before": version}),
    }
    try:
        client("dynamodb").transact_write_items(TransactItems=[{"Put": put}, {"ConditionCheck": check}])
    except ClientError as error:
        reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
        if reasons[:1] == ["ConditionalCheckFailed"]:
            return False
        if {"ConditionalCheckFailed", "TransactionConflict"} & {*reasons}:
            raise VersionConflictError("the lead has changed since the mail was decided") from None
        raise
    return True


def has_open_claim(table: str, subject: str, campaign: str) -> bool:
    """Whether a mail of the campaign is being sent to this subject right now, or its outcome is not written yet."""
    known = {":pk": subject, ":prefix": f"{INTENT_PREFIX}{campaign}#"}
    found = query(table, "pk = :pk AND begins_with(sk, :prefix)", known)
    return any(item["status"] == "claimed" for item in found)


def release_intent(table: str, subject: str, key: str, holder: str) -> None:
    """Give one's own claim back: nothing was sent, the same intent may be claimed again."""
    _held(
        client("dynamodb").delete_item,
        TableName=table,
        Key=_attributes({"pk": subject, "sk": key}),
        ConditionExpression="holder = :holder",
        ExpressionAttributeValues=_attributes({":holder": holder}),
    )


def end_intent(table: str, subject: str, key: str, status: str, event_item: Item) -> bool:
    """Write how an intent ended and, in the same transaction, the event that tells so.

    An outcome that is not known gives way to one that is. False when the intent had ended before.
    """
    overridable = ("claimed",) if status == "unconfirmed" else ("claimed", "unconfirmed")
    names = [f":from{n}" for n in range(len(overridable))]
    update = {
        "TableName": table,
        "Key": _attributes({"pk": subject, "sk": key}),
        "UpdateExpression": "SET #status = :status REMOVE due_shard, due_at",
        "ConditionExpression": f"#status IN ({', '.join(names)})",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": _attributes({":status": status, **dict(zip(names, overridable, strict=True))}),
    }
    put = {"TableName": table, "Item": _attributes(event_item)}
    return _held(client("dynamodb").transact_write_items, TransactItems=[{"Update": update}, {"Put": put}])
