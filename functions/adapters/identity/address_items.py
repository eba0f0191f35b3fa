"""Items about addresses: who owns one, who claims it, and what it turned down. No item holds an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.queries import get_item, query
from adapters.runtime.clients import client, succeeds
from ripen.leads.suppression import Refusals, refusals_key, shortened
from ripen.storage.ledger import IDENTITY_KEY

Action = Mapping[str, Any]


def owning(table: str, key: str, subject: str) -> Action:
    """The part of a transaction that gives an address to the subject that has proven it; fails if it is owned."""
    item = {"pk": key, "sk": IDENTITY_KEY, "owner": subject}
    return {
        "Put": {"TableName": table, "Item": attributes(item), "ConditionExpression": "attribute_not_exists(pk)"},
    }


def disowning(table: str, key: str, subject: str) -> Action:
    """The part of a transaction that takes an address from the subject that owns it."""
    return {"Delete": _owned_by(table, key, subject)}


def owner_of(table: str, key: str) -> str:
    """The subject that has proven an address; empty when none has."""
    return str(get_item(table, key, IDENTITY_KEY).get("owner", ""))


def claiming(table: str, key: str, subject: str, at: int) -> Action:
    """The part of a transaction that notes that a subject gave an address: access and erasure by address find it."""
    return {"Put": {"TableName": table, "Item": attributes({"pk": key, "sk": subject, "at": at})}}


def claimants(table: str, key: str) -> list[str]:
    """The subjects that ever gave an address; first the one that owns it, if there is one."""
    items = [*query(table, "pk = :pk", {":pk": key})]
    owners = [item["owner"] for item in items if "owner" in item]
    return [*owners, *sorted(item["sk"] for item in items if "owner" not in item and item["sk"] not in owners)]


def release_address(table: str, key: str, subject: str) -> None:
    """Forget that a subject gave an address, and that it owns it if it does; what the address turned down stays."""
    client("dynamodb").delete_item(TableName=table, Key=attributes({"pk": key, "sk": subject}))
    succeeds(client("dynamodb").delete_item, **_owned_by(table, key, subject))


def refusals_of(table: str, key: str) -> Refusals:
    """What an address turned down."""
    found = get_item(table, **refusals_key(shortened(key)))
    return Refusals(**{name: found[name] for name in Refusals._fields if name in found})


def refuse(table: str, digest: str, reason: str, at: int) -> None:
    """Keep a no of an address, unless a later one of the same kind is kept already."""
    answer = answered(table, digest, reason, at)["Update"]
    condition = "attribute_not_exists(#answer) OR #answer < :at"
    succeeds(client("dynamodb").update_item, **answer, ConditionExpression=condition)


def answered(table: str, digest: str, answer: str, at: int) -> Action:
    """The part of a transaction that keeps an answer of an address: a name of `Refusals`, and its moment."""
    update = {
        "TableName": table,
        "Key": attributes(refusals_key(digest)),
        "UpdateExpression": "SET #answer = :at",
        "ExpressionAttributeNames": {"#answer": answer},
        "ExpressionAttributeValues": attributes({":at": at}),
    }
    return {"Update": update}


def takes(table: str, key: str, *, marketing: bool) -> Action:
    """The part of a transaction that fails if an address takes no mail, or no marketing mail."""
    condition = "attribute_not_exists(bounced) AND attribute_not_exists(complained)"
    if marketing:
        condition += " AND (attribute_not_exists(unsubscribed) OR unsubscribed < confirmed)"
    check = {
        "TableName": table,
        "Key": attributes(refusals_key(shortened(key))),
        "ConditionExpression": condition,
    }
    return {"ConditionCheck": check}


def _owned_by(table: str, key: str, subject: str) -> dict[str, Any]:
    """The item that says who owns an address, provided that it is this subject."""
    return {
        "TableName": table,
        "Key": attributes({"pk": key, "sk": IDENTITY_KEY}),
        "ConditionExpression": "#owner = :subject",
        "ExpressionAttributeNames": {"#owner": "owner"},
        "ExpressionAttributeValues": attributes({":subject": subject}),
    }
