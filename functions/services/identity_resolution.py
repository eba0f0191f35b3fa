"""Identity resolution: merge and unmerge leads by proof. Each change is recorded as events, in one transaction.

Two leads are merged if a browser that gave no other address follows a fresh link mailed to the other lead, if a server
names both, or if both have proven the same address. A browser's claim merges only leads without proof. A browser that
was merged by a link is unmerged when it gives another address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from adapters.delivery.send_limits import release_mailbox
from adapters.dynamodb.attributes import attributes
from adapters.identity import address_items, link_tokens
from adapters.identity.address_keys import key_of
from adapters.runtime.clients import client, succeeds
from adapters.runtime.secrets import keys, secret
from adapters.store import merge_writes
from adapters.store.lead_records import still_there
from adapters.store.load_lead import load_merged_lead
from ripen.addresses.address import comparable
from ripen.errors import RipenError, VersionConflictError
from ripen.events.event import RIPEN, Event, Received
from ripen.leads.identifiers import CONFIRMED, UNMERGED, Identifiers
from ripen.leads.proof import Proof, subject_digest
from ripen.storage.ledger import event_items
from ripen.storage.merged_lead import (
    Edge,
    MergeCandidate,
    MergedLead,
    merge_conflict,
    order_by_proof,
    too_large,
    unmerged_at,
    wrongly_linked,
)

MERGED = "Lead Merged"
CONFLICT = "Lead Conflict Found"
REFUSED = "Lead Merge Refused"


class NotMergedError(RipenError):
    """A subject is not merged below another one, or two leads cannot be merged."""


class Place(NamedTuple):
    """The table and the settings of identity resolution; `trusted` are the sources that are servers.

    `link_secret_arn` is needed only to read the links that leads followed.
    """

    table_name: str
    secret_arn: str
    retention_days: int
    trusted: frozenset[str]
    link_secret_arn: str = ""


class _Evidence(NamedTuple):
    """The reason to merge a lead with that of the subject `found`; `at` in milliseconds.

    `shown` is the address of the mailbox that the lead evidently reads. `events` are written with the merge.
    """

    found: str
    proof: Proof
    at: int
    reason: str
    shown: str = ""
    events: tuple[Received, ...] = ()


def candidate(place: Place, subject: str, now: int) -> MergeCandidate:
    """The lead that a subject belongs to, with its identifiers."""
    tree = load_merged_lead(place.table_name, subject, now)
    return MergeCandidate(tree, Identifiers.of(tree.events, place.trusted))


def _another(place: Place, me: MergeCandidate, subject: str, now: int) -> MergeCandidate:
    """Another lead. Raises VersionConflictError if another process merged the two since this one was read."""
    other = candidate(place, subject, now)
    if other.tree.ledgers.keys() & me.tree.ledgers.keys():
        raise VersionConflictError("the lead was merged meanwhile")
    return other


def resolve(place: Place, me: MergeCandidate, now: int, *, leaves: bool = False) -> bool:
    """Merge and unmerge by proof. True if anything changed; the lead must then be read and folded again.

    A lead that `leaves` is about to be erased. Subjects that were merged by a browser's claim are unmerged first, so
    the erasure does not include them.

    Raises VersionConflictError if another writer changed one of the leads.
    """
    claimed = _against_claims(me, leaves=leaves)
    for edge in me.tree.edges:
        reason = claimed if edge.proof is Proof.CLAIMED else ""
        if edge.proof is Proof.LINK and wrongly_linked(me.tree, edge, place.trusted):
            reason = "a link merged two different people"
        if reason:
            _part(place, me.tree, edge, {"by": "proof", "reason": reason}, now)
            return True
    ways = (_by_link, _by_address) if leaves and not me.proof.is_proof else (_by_link, _by_user, _by_address)
    return any(change for found in ways for change in found(place, me, now))


def _against_claims(me: MergeCandidate, *, leaves: bool) -> str:
    """The reason against merges of this lead by a browser's claim; empty if there is none."""
    if leaves:
        return "one side withdrew consent"
    if me.proof.is_proof:
        return "one side is proven, the other is not"
    return "one side gave an address" if me.known else ""


def merge(place: Place, one: MergeCandidate, other: MergeCandidate, now: int) -> None:
    """Merge two leads on an operator's request. Raises NotMergedError and VersionConflictError."""
    if one.subject == other.subject:
        raise NotMergedError("they are already one lead")
    if obstacle := too_large(one, other):
        raise NotMergedError(obstacle)
    _join(place, one, other, _Evidence(other.subject, Proof.SERVER, now, "an operator requested it"), now)


def unmerge(place: Place, tree: MergedLead, subject: str, now: int) -> None:
    """Unmerge a subject, and all merged below it, from its lead. Raises NotMergedError and VersionConflictError."""
    edge = next((edge for edge in tree.edges if edge.child == subject), None)
    if edge is None:
        raise NotMergedError(f"{subject} is not merged below another subject")
    _part(place, tree, edge, {"by": "operator", "reason": "an operator requested it"}, now)


def _by_link(place: Place, me: MergeCandidate, now: int) -> Iterator[bool]:
    """Merge by links that this lead followed: only the reader of a mailbox has them. Yields True for each change."""
    for text, at in me.claims.tokens.items():
        token = link_tokens.read(keys(place.link_secret_arn), text, at)
        if token is None:
            continue
        inside = token.subject in me.tree.ledgers
        owner = me if inside else _another(place, me, token.subject, now)
        found = (key for key, one in owner.claims.addresses.items() if token.is_for(key_of(place.secret_arn, one.text)))
        address = next(found, "")
        if not address:
            continue
        confirmed = [
            own_event(token.subject, at, CONFIRMED, f"{text} {browser}", told)
            for browser in _followed(me, text)
            for told in ({"address": address, "browser": subject_digest(browser)},)
        ]
        changed = False
        if inside:
            changed = sum(note(place, me, event, now) for event in confirmed) > 0  # any() would skip some
        elif token.may_join and me.says_nothing_but(address, owner.claims.users):
            reason = "followed a link that was mailed to the other"
            evidence = _Evidence(token.subject, Proof.LINK, at, reason, address, tuple(confirmed))
            changed = _attempt(place, me, owner, evidence, now)
        if changed:
            release_mailbox(place.table_name, address, secret(place.secret_arn))
        yield changed


def _followed(me: MergeCandidate, token: str) -> list[str]:
    """The subjects of a lead that followed the link with this token."""
    return [
        subject
        for subject, events in me.tree.ledgers.items()
        if any(event.context.get("token") == token and not event.bot and event.source != RIPEN for event in events)
    ]


def _by_user(place: Place, me: MergeCandidate, now: int) -> Iterator[bool]:
    """Merge by userIds that were named beside this lead's anonymousIds. Yields True for each change."""
    for user, claim in me.claims.users.items():
        subject = f"u:{user}"
        if subject in me.tree.ledgers:
            continue
        other = _another(place, me, subject, now)
        if claim.proof is Proof.SERVER:
            yield _attempt(place, me, other, _Evidence(subject, claim.proof, claim.at, "a server named both"), now)
        elif not (me.proof.is_proof or me.users or other.proof > Proof.CLAIMED or me.known or other.known):
            yield _attempt(place, me, other, _Evidence(subject, Proof.CLAIMED, claim.at, "a browser named both"), now)


def _by_address(place: Place, me: MergeCandidate, now: int) -> Iterator[bool]:
    """Merge with the lead that has proven the same address, or take the address from one that has not.

    Yields True for each change.
    """
    claim = me.claims.addresses.get(comparable(me.claims.address))
    key = key_of(place.secret_arn, claim.text) if claim and claim.proof.is_proof else ""
    before = me.tree.record.address
    if claim is None or not key or (before.get("key") == key and before["owned"]):
        return
    owner = address_items.owner_of(place.table_name, key)
    if not owner or owner in me.tree.ledgers:
        return
    other = _another(place, me, owner, now)
    theirs = other.claims.addresses.get(comparable(claim.text))
    if theirs is not None and theirs.proof.is_proof:
        both = min(claim.proof, theirs.proof)
        at = min(claim.at, theirs.at)
        yield _attempt(place, me, other, _Evidence(owner, both, at, "both have proven the same address"), now)
    else:
        winner = me.prover(claim.text, place.trusted)
        loses = other.tree.record if other.tree.record.version or other.tree.events else None
        transfer = merge_writes.Transfer(key, owner, loses, winner, me.tree.record)
        merge_writes.take_address(place.table_name, transfer, now)
        yield True


def _attempt(place: Place, me: MergeCandidate, other: MergeCandidate, evidence: _Evidence, now: int) -> bool:
    """Merge unless there is an obstacle, which is recorded once. True if anything was written."""
    since = unmerged_at(me, other)
    if since >= evidence.at or (since >= 0 and not evidence.proof.is_proof):
        return False
    if _would_stray(me, other, evidence, place.trusted):
        return False
    obstacle, name = too_large(me, other), REFUSED
    if evidence.proof.is_proof and not obstacle:
        obstacle, name = merge_conflict(me, other, evidence.proof, evidence.shown), CONFLICT
    if not obstacle:
        _join(place, me, other, evidence, now)
        return True
    told = {"other": subject_digest(other.subject), "proof": evidence.proof.name.lower(), "reason": obstacle}
    return note(place, me, own_event(me.subject, evidence.at, name, f"{evidence.found} {evidence.reason}", told), now)


def _would_stray(me: MergeCandidate, other: MergeCandidate, evidence: _Evidence, trusted: frozenset[str]) -> bool:
    """True if the next resolution would unmerge the two."""
    ledgers = {**me.tree.ledgers, **other.tree.ledgers}
    for received in evidence.events:
        ledgers[received.subject] = [*ledgers.get(received.subject, ()), received.event]
    edges = (*me.tree.edges, *other.tree.edges, Edge(me.subject, other.subject, evidence.proof, 0))
    tree = replace(me.tree, ledgers=ledgers, edges=edges)
    return any(edge.proof is Proof.LINK and wrongly_linked(tree, edge, trusted) for edge in edges)


def _join(place: Place, one: MergeCandidate, other: MergeCandidate, evidence: _Evidence, now: int) -> None:
    parent, child = order_by_proof(one, other)
    told = {"proof": evidence.proof.name.lower(), "reason": evidence.reason}
    events = [
        *_of_both(MERGED, parent.subject, child.subject, told, now),
        *evidence.events,
    ]
    items = [_item(place, event, now) for event in events]
    merge_writes.join(
        place.table_name, merge_writes.Merge(parent.tree.record, child.tree.record, evidence.proof), items, now
    )


def _part(place: Place, tree: MergedLead, edge: Edge, told: dict[str, str], now: int) -> None:
    events = _of_both(UNMERGED, edge.parent, edge.child, told, now)
    merge_writes.part(place.table_name, tree, edge, [_item(place, event, now) for event in events], now)


def _of_both(name: str, parent: str, child: str, told: dict[str, str], now: int) -> list[Received]:
    """The same event for each of two subjects. It names the other by digest, because the other may be erased alone.

    Its id depends on `told`: two leads may be merged, unmerged and merged again within one millisecond.
    """
    about = " ".join([str(now), *told.values()])
    return [
        own_event(subject, now, name, f"{other} {about}", {"other": subject_digest(other), **told})
        for subject, other in ((parent, child), (child, parent))
    ]


def note(place: Place, me: MergeCandidate, received: Received, now: int) -> bool:
    """Write one of Ripen's own events. True if it was written.

    It is not written if the ledger has it, perhaps at another moment, or if the lead was erased meanwhile.
    """
    known = (event.id for events in me.tree.ledgers.values() for event in events if event.source == RIPEN)
    if received.event.id in known:
        return False
    item = attributes(_item(place, received, now))
    put = {"TableName": place.table_name, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    there = still_there(place.table_name, me.tree.record, me.tree.items)
    return succeeds(client("dynamodb").transact_write_items, TransactItems=[there, {"Put": put}])


def own_event(subject: str, at: int, name: str, about: str, properties: dict[str, Any]) -> Received:
    """One of Ripen's own events; its id is derived from `name` and `about`."""
    identity = hashlib.sha256(f"{name} {about}".encode()).hexdigest()[:24]
    return Received(subject, at, at, Event(identity, name, at, RIPEN, properties=properties))


def _item(place: Place, received: Received, now: int) -> dict[str, Any]:
    [item] = event_items([received._replace(received_at=now)], place.retention_days)
    return item
