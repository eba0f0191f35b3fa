"""Leads as they lie in the table: the record of the root, and the ledgers of all its subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapters.attributes import attributes, values
from adapters.aws import client
from adapters.intents import held_intents
from ripen.errors import VersionConflictError
from ripen.event import Event
from ripen.identity import Proof
from ripen.intents import Held
from ripen.ledger import (
    CHECKPOINT_KEY,
    EVENT_PREFIX,
    MEMBER_PREFIX,
    NOTHING_SEEN,
    RECORD_KEY,
    Seen,
    Unreadable,
    counts_until,
    read_items,
)
from ripen.record import Record
from ripen.settling import Checkpoint
from ripen.times import parse_iso
from ripen.tree import MAX_SUBJECTS, Edge, Tree

_PAGE = 60
"""Items in the first pages of a query: enough for nearly every lead, and a settled one needs no more."""

Item = Mapping[str, Any]


def load_tree(table: str, subject: str, now: int, *, recent: bool = False, claims: bool = False) -> Tree:
    """The lead that a subject belongs to: the record of its root, and the ledgers of all its subjects, consistently.

    With `recent`, what is in the checkpoint that the record names is not read; only leads of one subject have one.
    With `claims`, it is told which intents are claimed. They are read before the record and the events: a claim that is
    made later changes the record, and of one that has ended earlier the events tell.

    What has expired by `now` (milliseconds) counts no more: DynamoDB deletes it within days, and in any order.

    The root's record is read first, all events after it. The other way round, an event could be missed and the record
    of someone who had counted it still be seen, and `save` would not notice. Every change of the tree changes the
    record of the root, so `save` notices that as well. Raises VersionConflictError when no root is found.
    """
    held: dict[tuple[str, str], Held] = {}
    for _ in range(MAX_SUBJECTS):
        held = _claims(table, subject) if claims else {}
        items = _partition(table, subject, recent=recent)
        if not items or "lead" not in items[0]:
            break
        subject = items[0]["lead"]
    else:
        raise VersionConflictError("the lead is being merged")
    record = _record(subject, items)
    ledgers: dict[str, _Ledger] = {}
    edges: list[Edge] = []
    waiting = [(subject, items)]
    checkpoint = _checkpoint(items, record) if recent else None
    if recent and checkpoint is None and _reaches(items, EVENT_PREFIX):
        return load_tree(table, subject, now, claims=claims)  # perhaps only a part was read
    for parent, own in waiting:
        ledgers[parent] = _ledger(own, now, checkpoint)
        for member in own:
            if member["sk"].startswith(MEMBER_PREFIX):
                child = member["sk"].removeprefix(MEMBER_PREFIX)
                theirs = _claims(table, child) if claims else {}
                below = _partition(table, child, whole=True)
                if below and below[0].get("lead") == parent:  # otherwise it was taken out a moment ago
                    edges.append(Edge(parent, child, Proof(member["proof"]), below[0]["version"]))
                    waiting.append((child, below))
                    held |= theirs
    return Tree(
        record,
        {name: ledger.events for name, ledger in ledgers.items()},
        tuple(edges),
        seen={name: ledger.seen for name, ledger in ledgers.items()},
        unreadable=tuple(one for ledger in ledgers.values() for one in ledger.unreadable),
        items=() if edges else ledgers[subject].items,
        checkpoint=checkpoint,
        held=held,
    )


def _claims(table: str, subject: str) -> dict[tuple[str, str], Held]:
    return {(subject, key): held for key, held in held_intents(table, subject).items()}


def _record(subject: str, items: Sequence[Item]) -> Record:
    found = items[0] if items and items[0]["sk"] == RECORD_KEY else {}
    due_at = parse_iso(found["due_at"]) if "due_at" in found else None
    return Record(subject, found.get("version", 0), found.get("data", ""), due_at)


class _Ledger(NamedTuple):
    """The items of one subject that count, what they hold, and their digest together with that of the checkpoint."""

    items: Sequence[Item]
    events: Sequence[Event]
    seen: Seen
    unreadable: Sequence[Unreadable]


def _ledger(partition: Sequence[Item], now: int, checkpoint: Checkpoint | None) -> _Ledger:
    first = checkpoint.below if checkpoint else EVENT_PREFIX
    live = [
        item
        for item in reversed(partition)
        if item["sk"].startswith(EVENT_PREFIX) and item["sk"] >= first and counts_until(item) > now
    ]
    events, unreadable = read_items(live)
    if unreadable:
        aside = {one.key for one in unreadable}
        live = [item for item in live if item["sk"] not in aside]
    before = Seen(*checkpoint.seen) if checkpoint else NOTHING_SEEN
    return _Ledger(live, events, before.plus(*live), unreadable)


def _checkpoint(items: Sequence[Item], record: Record) -> Checkpoint | None:
    """The checkpoint that the record names; another one, left behind by somebody who crashed, is none."""
    for item in items:
        if item["sk"].startswith(MEMBER_PREFIX):
            return None
        if item["sk"] == CHECKPOINT_KEY:
            found = Checkpoint.unpack(item["zip"])
            return found if found.name == record.settled else None
    return None


def _partition(table: str, subject: str, *, whole: bool = False, recent: bool = False) -> list[dict[str, Any]]:
    """A subject's record, members, checkpoint and events, in this order.

    Of a pointer only the beginning, unless `whole`; of a settled lead only what reaches its checkpoint if `recent`.
    """
    items: list[dict[str, Any]] = []
    pages = (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=attributes({":pk": subject, ":first": EVENT_PREFIX, ":last": RECORD_KEY}),
            ConsistentRead=True,
            ScanIndexForward=False,
            **({"PaginationConfig": {"PageSize": _PAGE}} if recent else {}),
        )
    )
    for page in pages:
        items += [values(item) for item in page["Items"]]
        if items and "lead" in items[0] and not whole:
            break
        if recent and items and _reaches(items, items[-1]["sk"]):
            break
    return items


def _reaches(items: Sequence[Item], key: str) -> bool:
    """Whether what lies at this key is in the checkpoint that the record names."""
    for item in items[:3]:
        if item["sk"] == CHECKPOINT_KEY:
            settled = _record(item["pk"], items).settled
            return settled is not None and settled[0] == item["below"] and item["below"] > key
    return False
