"""Merges, unmerges and transfers of addresses between leads. Each is one transaction.

A merge turns the record of one root into a pointer to the other root, and adds a member there. An unmerge removes both.
Either changes the version of the root record, so that a concurrent fold fails to save and starts again. Either also
deletes checkpoints of earlier folds.
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
    """A merge: the root that stays, the root that is merged below it, and the proof."""

    parent: Record
    child: Record
    proof: Proof


class Transfer(NamedTuple):
    """A transfer of an address: its key, the subjects that lose and win it, and the root records of their leads.

    `loses` is None for a loser without events.
    """

    key: str
    loser: str
    loses: Record | None
    winner: str
    wins: Record


def join(table: str, merge: Merge, events: Sequence[Mapping[str, Any]], now: int) -> None:
    """Merge a root below another one, and write the merge events. Raises VersionConflictError."""
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
    """Unmerge: undo one merge of a lead, and write the events of it. Raises VersionConflictError."""
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
    """Transfer an address to another lead, and make both leads due. Raises VersionConflictError.

    A lead without a record gets one too: a concurrent fold that would write its first record still treats the address
    as its own, and then fails to save.
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
    """The transaction action that gives a record a new version, new data, and the due time `now` (ms)."""
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
