"""Changes of the tree that a lead is: each is one transaction, which happens as a whole or not at all.

A merge makes the record of one root a pointer to the other and adds a member there. Removing both gives back what was.
Either way the record of the root changes, so that whoever has read the lead before reads it again; and what was kept of
an earlier fold is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.table import put_arguments
from adapters.runtime.clients import unchanged as _unchanged
from adapters.store.lead_records import Action, transact
from ripen.leads.proof import Proof
from ripen.storage.lead_record import Record, stale_data
from ripen.storage.ledger import CHECKPOINT_KEY, IDENTITY_KEY, MEMBER_PREFIX, RECORD_KEY, due_shard
from ripen.storage.merged_lead import Edge, MergedLead
from ripen.times import to_iso


class Merge(NamedTuple):
    """A root, the one that is merged below it, and why."""

    parent: Record
    child: Record
    proof: Proof


class Transfer(NamedTuple):
    """The key of an address, the subjects that lose and get it, and the records of the leads that both belong to.

    A lead without any events loses nothing.
    """

    key: str
    loser: str
    loses: Record | None
    winner: str
    wins: Record


def join(table: str, merge: Merge, events: Sequence[Mapping[str, Any]], now: int) -> None:
    """Merge a root below another one, and write the events that tell so. Raises VersionConflictError."""
    parent, child, proof = merge
    pointer = {"pk": child.subject, "sk": RECORD_KEY, "version": child.version + 1, "lead": parent.subject}
    member = {"pk": parent.subject, "sk": f"{MEMBER_PREFIX}{child.subject}", "proof": int(proof), "at": now}
    transact(
        [
            _put(table, pointer, **_unchanged(child.version)),
            _put(table, member, ConditionExpression="attribute_not_exists(pk)"),
            renewed(table, parent, stale_data(parent, child), now),
            _forget_fold(table, parent.subject),
            _forget_fold(table, child.subject),
            *({"Put": put_arguments(table, event)} for event in events),
        ]
    )


def part(table: str, tree: MergedLead, edge: Edge, events: Sequence[Mapping[str, Any]], now: int) -> None:
    """Undo one merge of a lead. Raises VersionConflictError."""
    root, leaving = tree.record, tree.below(edge.child)
    restored = {
        "pk": edge.child,
        "sk": RECORD_KEY,
        "version": edge.version + 1,
        "data": stale_data(root, subjects=leaving),
        "due_shard": due_shard(edge.child),
        "due_at": to_iso(now),
    }
    member = {"pk": edge.parent, "sk": f"{MEMBER_PREFIX}{edge.child}"}
    transact(
        [
            _put(table, restored, **_unchanged(edge.version)),
            {"Delete": {"TableName": table, "Key": attributes(member), "ConditionExpression": "attribute_exists(pk)"}},
            renewed(table, root, stale_data(root, subjects=tree.ledgers.keys() - leaving), now),
            _forget_fold(table, root.subject),
            *({"Put": put_arguments(table, event)} for event in events),
        ]
    )


def take_address(table: str, transfer: Transfer, now: int) -> None:
    """Give an address to another lead; both are looked at again. Raises VersionConflictError.

    Also one that has no record yet: whoever is about to write its first still believes that the address is its own.
    """
    give = {
        "TableName": table,
        "Key": attributes({"pk": transfer.key, "sk": IDENTITY_KEY}),
        "UpdateExpression": "SET #owner = :winner",
        "ConditionExpression": "#owner = :subject",
        "ExpressionAttributeNames": {"#owner": "owner"},
        "ExpressionAttributeValues": attributes({":subject": transfer.loser, ":winner": transfer.winner}),
    }
    leads = [transfer.wins, *([transfer.loses] if transfer.loses else [])]
    transact([{"Update": give}, *(renewed(table, record, stale_data(record), now) for record in leads)])


def _put(table: str, item: Mapping[str, Any], **condition: Any) -> Action:
    return {"Put": {"TableName": table, "Item": attributes(item), **condition}}


def renewed(table: str, root: Record, data: str, now: int) -> Action:
    """Make the record one that nobody has read, and that is due."""
    condition = _unchanged(root.version)
    values = {":next": root.version + 1, ":data": data, ":shard": due_shard(root.subject), ":due_at": to_iso(now)}
    update = {
        "TableName": table,
        "Key": attributes({"pk": root.subject, "sk": RECORD_KEY}),
        "UpdateExpression": "SET version = :next, #data = :data, due_shard = :shard, due_at = :due_at",
        "ExpressionAttributeNames": {"#data": "data"},
        **condition,
    }
    update["ExpressionAttributeValues"] = attributes(values) | condition.get("ExpressionAttributeValues", {})
    return {"Update": update}


def _forget_fold(table: str, subject: str) -> Action:
    return {"Delete": {"TableName": table, "Key": attributes({"pk": subject, "sk": CHECKPOINT_KEY})}}
