"""Claims of send intents: claimed before sending, then released, postponed or ended, each in one conditional write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.dynamodb.attributes import attributes as _attributes
from adapters.dynamodb.queries import get_item, query
from adapters.dynamodb.table import put_arguments
from adapters.identity.address_items import accepts_mail
from adapters.runtime.clients import client
from adapters.runtime.clients import succeeds as _held
from adapters.runtime.conflicts import met_transaction, reasons
from ripen.storage.intents import CLAIMED, UNCONFIRMED, WAITING, ClaimContext, ClaimResult, OpenClaim, SendClaim
from ripen.storage.ledger import IDENTITY_KEY, INTENT_PREFIX, RECORD_KEY, due_shard
from ripen.times import SECOND, to_iso

Item = Mapping[str, Any]
_FAILED = "ConditionalCheckFailed"


def claim_intent(
    table: str, decided: ClaimContext, key: str, claim: SendClaim, counting: Sequence[Mapping[str, Any]] = ()
) -> ClaimResult:
    """Claim an intent before sending, and raise the version of the lead record in the same transaction.

    So of several decisions on one version of the record only one gets a claim: the others may exceed a limit by then.
    `counting` holds actions of the same transaction that count the message; if one of them fails, the result is
    `CHANGED`.
    """
    item = {
        "pk": decided.subject,
        "sk": key,
        "status": CLAIMED,
        "holder": claim.holder,
        "channel": claim.channel,
        "repeatable": int(claim.repeatable),
        "about": json.dumps(claim.about, separators=(",", ":")),
        "tries": claim.tries,
        "due_shard": due_shard(decided.subject),
        "due_at": to_iso(claim.until),
        "ttl": claim.kept_until // SECOND,
    } | ({"rules": claim.activated_at} if claim.activated_at else {})
    put = {
        "TableName": table,
        "Item": _attributes(item),
        "ConditionExpression": "attribute_not_exists(pk) OR #status = :waiting",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": _attributes({":waiting": WAITING}),
    }
    renew = {
        "TableName": table,
        "Key": _attributes({"pk": decided.subject, "sk": RECORD_KEY}),
        "UpdateExpression": "SET version = :next",
        "ConditionExpression": "version = :before",
        "ExpressionAttributeValues": _attributes({":before": decided.version, ":next": decided.version + 1}),
    }
    actions: list[Mapping[str, Any]] = [{"Put": put}, {"Update": renew}]
    if decided.address_key:
        actions.append(accepts_mail(table, decided.address_key, marketing=decided.marketing))
    if decided.owned:
        actions.append({"ConditionCheck": _owned(table, decided)})
    actions += counting
    try:
        client("dynamodb").transact_write_items(TransactItems=actions)
    except ClientError as error:
        codes = reasons(error.response)
        if codes[:1] == [_FAILED]:
            return ClaimResult.TAKEN
        if codes[1:2] != [_FAILED] and _FAILED in codes[2 : len(actions) - len(counting)]:
            return ClaimResult.SUPPRESSED
        if _FAILED in codes or met_transaction(error.response):
            return ClaimResult.CHANGED
        raise
    return ClaimResult.CLAIMED


def _owned(table: str, decided: ClaimContext) -> dict[str, Any]:
    owners = {f":owner{n}": subject for n, subject in enumerate(decided.subjects)}
    return {
        "TableName": table,
        "Key": _attributes({"pk": decided.address_key, "sk": IDENTITY_KEY}),
        "ConditionExpression": f"#owner IN ({', '.join(owners)})",
        "ExpressionAttributeNames": {"#owner": "owner"},
        "ExpressionAttributeValues": _attributes(owners),
    }


def open_claims(table: str, subject: str) -> dict[str, OpenClaim]:
    """The open claims of a subject by sort key: intents that are claimed, or wait for a retry."""
    found = query(table, "pk = :pk AND begins_with(sk, :prefix)", {":pk": subject, ":prefix": INTENT_PREFIX})
    return {item["sk"]: _held_intent(item) for item in found if item["status"] in (CLAIMED, WAITING)}


def open_claim(table: str, subject: str, key: str) -> OpenClaim | None:
    """The open claim of one intent; None if it has ended or was released."""
    item = get_item(table, subject, key)
    return _held_intent(item) if item.get("status") in (CLAIMED, WAITING) else None


def _held_intent(item: Item) -> OpenClaim:
    return OpenClaim(
        item["status"],
        item.get("holder", ""),
        item["channel"],
        bool(item["repeatable"]),
        json.loads(item["about"]),
        item["tries"],
        item.get("rest_until", 0),
        item.get("rules", ""),
    )


def release_intent(table: str, subject: str, key: str, holder: str) -> bool:
    """Release the claim of `holder` if nothing was sent; the intent can be claimed again. False if there is none."""
    return _held(
        client("dynamodb").delete_item,
        TableName=table,
        Key=_attributes({"pk": subject, "sk": key}),
        ConditionExpression="holder = :holder",
        ExpressionAttributeValues=_attributes({":holder": holder}),
    )


def postpone_intent(table: str, subject: str, key: str, holder: str, rest_until: int) -> None:
    """Postpone a claim of `holder` after a try that may be repeated, from `rest_until` (milliseconds) on."""
    _held(
        client("dynamodb").update_item,
        TableName=table,
        Key=_attributes({"pk": subject, "sk": key}),
        UpdateExpression=(
            "SET #status = :waiting, tries = tries + :one, rest_until = :rest REMOVE holder, due_shard, due_at"
        ),
        ConditionExpression="holder = :holder",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues=_attributes({":waiting": WAITING, ":one": 1, ":rest": rest_until, ":holder": holder}),
    )


class Ending(NamedTuple):
    """The end of an intent: its outcome (`status`), and the ledger item with the event of this outcome.

    `counting` gives for the status before the actions of the same transaction that count the outcome.
    """

    subject: str
    key: str
    status: str
    event_item: Item
    counting: Callable[[str], Sequence[Mapping[str, Any]]] = lambda _: ()


def end_intent(table: str, ending: Ending) -> bool:
    """Write the outcome of an intent and, in the same transaction, the event of this outcome.

    A known outcome replaces `unconfirmed`. False if the intent has ended before.
    """
    subject, key, status, event_item, counting = ending
    put = {"Put": put_arguments(table, event_item)}
    for before in (CLAIMED,) if status == UNCONFIRMED else (CLAIMED, UNCONFIRMED):
        update = {
            "TableName": table,
            "Key": _attributes({"pk": subject, "sk": key}),
            "UpdateExpression": "SET #status = :status REMOVE due_shard, due_at",
            "ConditionExpression": "#status = :before",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": _attributes({":status": status, ":before": before}),
        }
        if _held(client("dynamodb").transact_write_items, TransactItems=[{"Update": update}, put, *counting(before)]):
            return True
    return False
