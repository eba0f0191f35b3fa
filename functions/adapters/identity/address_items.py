"""Items about addresses: the owner, the subjects that gave the address, and its suppressions. No item holds an address.

The functions that return an `Action` build one action of a DynamoDB transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.queries import get_item, query
from adapters.runtime.clients import client, succeeds
from ripen.leads.suppression import Suppressions, shortened, suppression_key
from ripen.storage.ledger import IDENTITY_KEY

Action = Mapping[str, Any]
_MOST_GIVERS = 20


def owning(table: str, key: str, subject: str) -> Action:
    """Makes a subject the owner of an address that it has proven. Fails if the address has an owner."""
    item = {"pk": key, "sk": IDENTITY_KEY, "owner": subject}
    return {
        "Put": {"TableName": table, "Item": attributes(item), "ConditionExpression": "attribute_not_exists(pk)"},
    }


def disowning(table: str, key: str, subject: str) -> Action:
    """Removes the subject as the owner of an address. Fails if it does not own the address."""
    return {"Delete": _owned_by(table, key, subject)}


def owner_of(table: str, key: str) -> str:
    """The subject that has proven an address; empty if none has."""
    return str(get_item(table, key, IDENTITY_KEY).get("owner", ""))


def claiming(table: str, key: str, subject: str, at: int) -> Action:
    """Records that a subject gave an address at `at` (ms). Access and erasure requests find the subject by it."""
    return {"Put": {"TableName": table, "Item": attributes({"pk": key, "sk": subject, "at": at})}}


def claimants(table: str, key: str) -> list[str]:
    """All subjects that gave an address, sorted; the owner comes first if there is one."""
    items = [*query(table, "pk = :pk", {":pk": key})]
    owners = [item["owner"] for item in items if "owner" in item]
    return [*owners, *sorted(item["sk"] for item in items if "owner" not in item and item["sk"] not in owners)]


def givers(table: str, key: str) -> list[str]:
    """The subject that has proven an address; if none has, the first that gave it, up to a number."""
    owner = owner_of(table, key)
    return [owner] if owner else claimants(table, key)[:_MOST_GIVERS]


def release_address(table: str, key: str, subject: str) -> None:
    """Delete a subject's claim to an address, and its ownership if it owns the address. Suppressions stay."""
    client("dynamodb").delete_item(TableName=table, Key=attributes({"pk": key, "sk": subject}))
    succeeds(client("dynamodb").delete_item, **_owned_by(table, key, subject))


def suppressions_of(table: str, key: str) -> Suppressions:
    """The suppressions of an address, and the moment of its last confirmation."""
    found = get_item(table, **suppression_key(shortened(key)))
    return Suppressions(**{name: found[name] for name in Suppressions._fields if name in found})


def suppress(table: str, digest: str, reason: str, at: int) -> None:
    """Store a suppression of an address, unless a later one of the same kind is stored."""
    answer = answered(table, digest, reason, at)["Update"]
    condition = "attribute_not_exists(#answer) OR #answer < :at"
    succeeds(client("dynamodb").update_item, **answer, ConditionExpression=condition)


def answered(table: str, digest: str, answer: str, at: int) -> Action:
    """Stores a suppression or confirmation of an address. `answer` is a field of `Refusals`, `at` its moment (ms)."""
    update = {
        "TableName": table,
        "Key": attributes(suppression_key(digest)),
        "UpdateExpression": "SET #answer = :at",
        "ExpressionAttributeNames": {"#answer": answer},
        "ExpressionAttributeValues": attributes({":at": at}),
    }
    return {"Update": update}


def accepts_mail(table: str, key: str, *, marketing: bool) -> Action:
    """Fails if the address is suppressed for all mail or, with `marketing`, for marketing mail."""
    condition = "attribute_not_exists(bounced) AND attribute_not_exists(complained)"
    if marketing:
        condition += " AND (attribute_not_exists(unsubscribed) OR unsubscribed < confirmed)"
    check = {
        "TableName": table,
        "Key": attributes(suppression_key(shortened(key))),
        "ConditionExpression": condition,
    }
    return {"ConditionCheck": check}


def _owned_by(table: str, key: str, subject: str) -> dict[str, Any]:
    """The arguments that select an address's owner item, on the condition that this subject is the owner."""
    return {
        "TableName": table,
        "Key": attributes({"pk": key, "sk": IDENTITY_KEY}),
        "ConditionExpression": "#owner = :subject",
        "ExpressionAttributeNames": {"#owner": "owner"},
        "ExpressionAttributeValues": attributes({":subject": subject}),
    }
