"""Loads a lead from the table: the record of its root, and the ledgers of all its subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from adapters.dynamodb.attributes import attributes, values
from adapters.runtime.clients import client
from adapters.store.intents import open_claims
from ripen.errors import VersionConflictError
from ripen.events.event import Event
from ripen.leads.proof import Proof
from ripen.storage.checkpoint import Checkpoint
from ripen.storage.intents import OpenClaim
from ripen.storage.lead_record import Record
from ripen.storage.ledger import (
    CHECKPOINT_KEY,
    EVENT_PREFIX,
    MAX_FOLDED,
    MEMBER_PREFIX,
    NOTHING_SEEN,
    RECORD_KEY,
    Seen,
    Unreadable,
    counts_until,
    read_items,
    weight,
)
from ripen.storage.merged_lead import MAX_SUBJECTS, Edge, MergedLead
from ripen.times import parse_iso

_PAGE = 60
"""Items per page of a `recent` query. One page is enough for nearly every lead, and for one with a checkpoint."""

Item = Mapping[str, Any]
_Claims = dict[tuple[str, str], OpenClaim]
"""Open claims by subject and key."""


def load_merged_lead(table: str, subject: str, now: int, *, recent: bool = False, claims: bool = False) -> MergedLead:
    """The lead that a subject belongs to: the record of its root, and the ledgers of all its subjects.

    With `recent`, items below the checkpoint that the record names are not read; only a lead of one subject has a
    checkpoint. With `claims`, open claims are loaded too. They are read before the record and the events: a later claim
    changes the record's version, and a claim that ended earlier has left an event.

    Items that have expired by `now` (milliseconds) are ignored: DynamoDB deletes them within days, in any order. Of a
    lead heavier than MAX_FOLDED only the newest items are read, and `seen` of its ledgers is then not whole.

    The root record is read first, and all events after it. In the other order, this fold could miss an event and read
    the record of a fold that has counted it, and `save` would not detect that. Every merge and unmerge changes the root
    record, so `save` detects these as well. Reads are strongly consistent. Raises VersionConflictError if no root is
    found.
    """
    found = _find_root(table, subject, recent=recent, claims=claims)
    _load_members(table, found, claims=claims)
    return _assemble(found, now, recent=recent)


class _Found(NamedTuple):
    """The partitions of a lead by subject (the root's first), its merges and its open claims."""

    root: str
    partitions: dict[str, _Partition]
    edges: list[Edge]
    held: _Claims


def _find_root(table: str, subject: str, *, recent: bool, claims: bool) -> _Found:
    for _ in range(MAX_SUBJECTS):
        held = _open_claims(table, subject) if claims else {}
        root = _partition(table, subject, recent=recent)
        if "lead" not in root.record:
            return _Found(subject, {subject: root}, [], held)
        subject = root.record["lead"]
    raise VersionConflictError("the lead is being merged")


def _load_members(table: str, found: _Found, *, claims: bool) -> None:
    """Add the subjects that were merged below the root."""
    waiting = [found.root]
    for parent in waiting:
        for member in found.partitions[parent].members:
            child = member["sk"].removeprefix(MEMBER_PREFIX)
            theirs = _open_claims(table, child) if claims else {}
            below = _partition(table, child)
            if below.record.get("lead") == parent:  # otherwise a concurrent unmerge removed the child
                found.edges.append(Edge(parent, child, Proof(member["proof"]), below.record["version"]))
                found.partitions[child] = below
                found.held.update(theirs)
                waiting.append(child)


def _assemble(found: _Found, now: int, *, recent: bool) -> MergedLead:
    root = found.partitions[found.root]
    record = _record(found.root, root.record)
    checkpoint = _checkpoint(root, record) if recent else None
    newest, whole = _newest(found.partitions, now, checkpoint.below if checkpoint else EVENT_PREFIX)
    ledgers = {name: _ledger(items, checkpoint, whole=whole) for name, items in newest.items()}
    return MergedLead(
        record,
        {name: ledger.events for name, ledger in ledgers.items()},
        tuple(found.edges),
        seen={name: ledger.seen for name, ledger in ledgers.items()},
        unreadable=tuple(one for ledger in ledgers.values() for one in ledger.unreadable),
        items=() if found.edges else ledgers[found.root].items,
        checkpoint=checkpoint,
        held=found.held,
    )


def _open_claims(table: str, subject: str) -> _Claims:
    return {(subject, key): held for key, held in open_claims(table, subject).items()}


def _record(subject: str, found: Item) -> Record:
    due_at = parse_iso(found["due_at"]) if "due_at" in found else None
    return Record(subject, found.get("version", 0), found.get("data", ""), due_at)


class _Ledger(NamedTuple):
    """The live items of one subject, their events, and their digest (`seen`) combined with the checkpoint's."""

    items: Sequence[Item]
    events: Sequence[Event]
    seen: Seen
    unreadable: Sequence[Unreadable]


def _ledger(newest: Sequence[Item], checkpoint: Checkpoint | None, *, whole: bool) -> _Ledger:
    live = newest[::-1]
    events, unreadable = read_items(live)
    if unreadable:
        aside = {one.key for one in unreadable}
        live = [item for item in live if item["sk"] not in aside]
    seen = (Seen(*checkpoint.seen) if checkpoint else NOTHING_SEEN).plus(*live)
    return _Ledger(live, events, seen if whole else seen.without_older(), unreadable)


def _checkpoint(root: _Partition, record: Record) -> Checkpoint | None:
    """The checkpoint that the record names. One that the record does not name is left by a crash and is ignored."""
    if root.members or not root.checkpoint:
        return None
    found = Checkpoint.unpack(root.checkpoint["zip"])
    return found if found.name == record.settled else None


def _newest(partitions: Mapping[str, _Partition], now: int, first: str) -> tuple[dict[str, list[Item]], bool]:
    """The newest live items of each ledger, down to the sort key `first` or to the total weight MAX_FOLDED.

    The second value is true if no item down to `first` is left out. Pages that are much older are not read.
    """
    found: dict[str, list[Item]] = {subject: [] for subject in partitions}
    left = MAX_FOLDED
    for item in merge(*(partition.events for partition in partitions.values()), key=_age, reverse=True):
        if item["sk"] < first:
            break
        if counts_until(item) > now:
            left -= weight(item)
            if left < 0:
                return found, False
            found[item["pk"]].append(item)
    return found, True


_age = itemgetter("sk")


class _Partition(NamedTuple):
    """A subject's record or pointer (empty if there is none), its members and its checkpoint.

    `events` yields the items of its ledger, newest first, and reads pages on demand.
    """

    record: Item
    members: Sequence[Item]
    checkpoint: Item
    events: Iterator[Item]


def _partition(table: str, subject: str, *, recent: bool = False) -> _Partition:
    """The partition of a subject, in one query. With `recent` its pages are small, because the first ones suffice."""
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
    items = (values(item) for page in pages for item in page["Items"])
    record: Item = {}
    checkpoint: Item = {}
    members: list[Item] = []
    for item in items:
        if item["sk"].startswith(EVENT_PREFIX):
            return _Partition(record, members, checkpoint, chain((item,), items))
        if item["sk"] == RECORD_KEY:
            record = item
        elif item["sk"] == CHECKPOINT_KEY:
            checkpoint = item
        elif item["sk"].startswith(MEMBER_PREFIX):
            members.append(item)
    return _Partition(record, members, checkpoint, iter(()))
