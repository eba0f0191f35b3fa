"""Erase everything about a subject. Only a withdrawal of consent and the suppressions of addresses remain.

Addresses are processed first, because the deleted events name them. The record is deleted last, because it shows that
the erasure is incomplete. An interrupted erasure is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from adapters.dynamodb.attributes import attributes, values
from adapters.identity.address_items import release_address, suppress
from adapters.identity.address_keys import normalized
from adapters.reports.rollup import forget_visits
from adapters.runtime.clients import client
from adapters.store.lead_records import drop, root_of
from adapters.store.merge_writes import renewed
from ripen.addresses.address import address_key
from ripen.events.event import Event, Received
from ripen.leads.identifiers import Identifiers
from ripen.leads.suppression import shortened
from ripen.privacy.erasure import addresses, last_withdrawal
from ripen.storage.lead_record import Record
from ripen.storage.ledger import EVENT_PREFIX, MEMBER_PREFIX, RECORD_KEY, event_items, read_items

_BATCH = 25
Item = Mapping[str, Mapping[str, Any]]


def _ignore(_deleted: int) -> None:
    pass


def survey(table: str, subject: str) -> int:
    """The number of items that an erasure of this subject would delete, without those of its addresses."""
    items = items_of(table, subject)
    return len(items) - len(_remaining(items, events_in(items)))


def erase_lead(
    table: str, subjects: Sequence[str], secret: bytes, by: str = "", progress: Callable[[int], None] = _ignore
) -> int:
    """Erase all subjects of a lead, of which the first is the root; returns the number of deleted items.

    The subject `by` which the lead was found is erased last (otherwise the root): while it exists, a repeated erasure
    finds the rest.
    """
    last = by if by in subjects else subjects[0]
    order = [*(subject for subject in reversed(subjects) if subject != last), last]
    return sum(erase(table, subject, secret, progress, spare=last) for subject in order)


def erase(
    table: str,
    subject: str,
    secret: bytes | None = None,
    progress: Callable[[int], None] = _ignore,
    *,
    spare: str = "",
) -> int:
    """Delete a subject's events, intents, record and addresses; returns the number of deleted items.

    Subjects merged below it are erased too, except the one to `spare`. With the `secret` of the address digests, every
    address that the subject ever gave is released; without it, only those that its record names. After each step
    `progress` receives the number of items deleted in it. Repetition and interruption are safe.
    """
    deleted = 0
    while gone := _erase_once(_Erasure(table, secret, progress, spare), subject):
        deleted += gone  # again: other writers may add items until the record is deleted
    return deleted


class _Erasure(NamedTuple):
    """The parameters that all subjects of one erasure share."""

    table: str
    secret: bytes | None
    progress: Callable[[int], None]
    spare: str


def _erase_once(erasure: _Erasure, subject: str) -> int:
    table, secret, progress, spare = erasure
    items, deleted = items_of(table, subject), 0
    events = events_in(items)
    forget_visits(table, subject, events)
    if secret is not None:
        _keep_refusals(table, events, secret)
    freed = address_keys_in(items, events, secret)
    for key in freed:
        release_address(table, key, subject)
    remaining = _remaining(items, events)
    for item in remaining.values():
        client("dynamodb").put_item(TableName=table, Item=item)
    while keys := [key for key in map(_key, items) if key not in (RECORD_KEY, *remaining)]:
        members = {key.removeprefix(MEMBER_PREFIX) for key in keys if key.startswith(MEMBER_PREFIX)}
        deleted += sum(erase(table, member, secret, progress, spare=spare) for member in sorted(members - {spare}))
        keys.sort(key=lambda key: key.startswith(EVENT_PREFIX))  # events last: a repeated erasure needs them
        for start in range(0, len(keys), _BATCH):
            part = keys[start : start + _BATCH]
            _delete(table, subject, part)
            progress(len(part))
        deleted += len(keys)
        items = items_of(table, subject)
    for record in (item for item in items if _key(item) == RECORD_KEY):
        root = root_of(table, record["lead"]["S"]) if "lead" in record else None
        # Again: a writer may have claimed an address since. If it changed the record, the deletion below fails.
        for key in freed:
            release_address(table, key, subject)
        if not _delete_record(table, subject, record, root):
            return deleted + _erase_once(erasure, subject)
        progress(1)
        deleted += 1
    return deleted


def items_of(table: str, subject: str) -> list[Item]:
    """All items in the partition of a subject."""
    return list(_pages(table, subject))


def _pages(table: str, subject: str) -> Iterator[Item]:
    pages = client("dynamodb").get_paginator("query")
    for page in pages.paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": subject}},
        ConsistentRead=True,
    ):
        yield from page["Items"]


def _key(item: Item) -> str:
    return str(item["sk"]["S"])


def events_in(items: Sequence[Item]) -> list[Event]:
    """The events of the ledger among the items of a subject."""
    # Unreadable items are deleted like all others, in quarantine or not.
    events, _ = read_items(values(item) for item in items if _key(item).startswith(EVENT_PREFIX))
    return events


def _remaining(items: Sequence[Item], events: Sequence[Event]) -> dict[str, dict[str, Any]]:
    """The withdrawal as an item of its own, by its sort key; it expires with the last of the erased items."""
    withdrawal = last_withdrawal(events)
    if withdrawal is None:
        return {}
    subject = items[0]["pk"]["S"]
    expires = max((item["ttl"]["N"] for item in items if "ttl" in item), key=int)
    [item] = event_items([Received(subject, withdrawal.at, withdrawal.at, withdrawal)], 0)
    data = {"data": {"S": item["data"]}} if "data" in item else {"zip": {"B": item["zip"]}}
    return {item["sk"]: {"pk": {"S": subject}, "sk": {"S": item["sk"]}, "ttl": {"N": expires}, **data}}


def address_keys_in(items: Sequence[Item], events: Sequence[Event], secret: bytes | None) -> set[str]:
    """The keys of the addresses that a subject gave."""
    summaries = (item["data"]["S"] for item in items if _key(item) == RECORD_KEY and "data" in item)
    keys = {key for summary in summaries for key in Record("", 0, summary, None).address_keys}
    if secret is not None:
        keys |= {address_key(address, secret) for address in map(normalized, addresses(events)) if address}
    return keys


def _keep_refusals(table: str, events: Sequence[Event], secret: bytes) -> None:
    """Store suppressions at their addresses, for events that were recorded without the key of their address."""
    for text, refusal in Identifiers.of(events, frozenset()).refused.items():
        if address := normalized(text):
            suppress(table, shortened(address_key(address, secret)), refusal.reason, refusal.at)


def _delete_record(table: str, subject: str, record: Item, root: Record | None) -> bool:
    """Delete the record; False if it, or the `root` of the lead that it belongs to, has changed since it was read.

    A merged subject is removed from its lead, and the lead becomes due.
    """
    also: list[Mapping[str, Any]] = [renewed(table, root, root.data, 0)] if root is not None else []
    if "lead" in record:
        member = {"pk": record["lead"]["S"], "sk": f"{MEMBER_PREFIX}{subject}"}
        also.append({"Delete": {"TableName": table, "Key": attributes(member)}})
    return drop(table, subject, int(record["version"]["N"]), also)


def _delete(table: str, subject: str, keys: Sequence[str]) -> None:
    # The caller queries again, and so finds the items that DynamoDB left unprocessed.
    requests = [{"DeleteRequest": {"Key": {"pk": {"S": subject}, "sk": {"S": key}}}} for key in keys]
    client("dynamodb").batch_write_item(RequestItems={table: requests})
