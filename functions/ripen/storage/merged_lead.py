"""A merged lead: a tree of subjects in which each merge is an edge. The ledgers of all subjects form one history.

A merged subject keeps its own ledger, so removing its edge restores the lead before the merge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ripen.addresses.address import comparable
from ripen.events.event import RIPEN, Event
from ripen.leads.identifiers import CONFIRMED, MAX_ADDRESSES, Identifiers
from ripen.leads.proof import Proof, subject_digest
from ripen.storage.checkpoint import Checkpoint
from ripen.storage.intents import OpenClaim
from ripen.storage.lead_record import Record
from ripen.storage.ledger import Seen, Unreadable

MAX_SUBJECTS = 50

_NEVER = 2**63


class Edge(NamedTuple):
    """A merge of `child` below `parent`, based on `proof`; `version` is the version of the child's pointer."""

    parent: str
    child: str
    proof: Proof
    version: int


@dataclass(frozen=True, slots=True)
class MergedLead:
    """The record of the root, the ledger of each subject (the root's first), and the merges.

    `seen` are the digests of the ledgers, `unreadable` their items that cannot be read. With a `checkpoint`, the ledger
    holds only the events that are not in it. `items` are the stored items, only for a lead of one subject. `held` are
    the open claims and the intents that wait for a retry, by subject and key, if the caller requested them.
    """

    record: Record
    ledgers: Mapping[str, Sequence[Event]]
    edges: tuple[Edge, ...] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict)
    unreadable: tuple[Unreadable, ...] = ()
    items: Sequence[Mapping[str, Any]] = ()
    checkpoint: Checkpoint | None = None
    held: Mapping[tuple[str, str], OpenClaim] = field(default_factory=dict)

    def below(self, subject: str) -> set[str]:
        """A subject, and all subjects merged below it."""
        found = [subject]
        for parent in found:
            found += [edge.child for edge in self.edges if edge.parent == parent]
        return set(found)

    @property
    def events(self) -> list[Event]:
        """The events of all ledgers, in order."""
        return union(self.ledgers)


@dataclass(frozen=True, slots=True)
class MergeCandidate:
    """One side of a possible merge: a lead, and the identifiers in its events."""

    tree: MergedLead
    claims: Identifiers

    @property
    def subject(self) -> str:
        """The root subject, which names the lead."""
        return self.tree.record.subject

    @property
    def users(self) -> list[str]:
        """The subjects that are userIds."""
        return [subject for subject in self.tree.ledgers if subject.startswith("u:")]

    @property
    def proof(self) -> Proof:
        """The best proof of the lead's identity. Events in the ledger of a userId come from a server."""
        told = any(event.source != RIPEN for user in self.users for event in self.tree.ledgers[user])
        return Proof.SERVER if told else self.claims.strongest

    @property
    def known(self) -> bool:
        """True if an address was given, with or without proof."""
        return bool(self.claims.addresses)

    @property
    def first_seen(self) -> int:
        """The moment (ms) of the first event that is not Ripen's own; a very late moment if there is none."""
        own = (event.at for events in self.tree.ledgers.values() for event in events if event.source != RIPEN)
        return min(own, default=_NEVER)

    @property
    def proven(self) -> set[str]:
        """The proven addresses, in comparable form."""
        return self.claims.proven

    def says_nothing_but(self, address: str, users: Collection[str]) -> bool:
        """True if no address but this one (comparable form) and no userIds but these were given."""
        events = (event for ledger in self.tree.ledgers.values() for event in ledger)
        return given(events) <= {address} and all(user in users for user in self.claims.users)

    def claimant(self, address: str) -> str:
        """The subject whose own ledger names the address. After an unmerge the address stays with this subject."""
        for subject, events in self.tree.ledgers.items():
            for event in events:
                named = event.traits.get("email") or event.properties.get("address")
                if isinstance(named, str) and comparable(named) == comparable(address):
                    return subject
        return self.subject

    def prover(self, address: str, trusted: frozenset[str]) -> str:
        """The subject whose own ledger proves the address, otherwise the one that names it.

        `trusted` are the sources that are servers. After an unmerge the proof stays with this subject.
        """
        if len(self.tree.ledgers) > 1:
            for subject, events in self.tree.ledgers.items():
                if comparable(address) in Identifiers.of(events, trusted).proven:
                    return subject
        return self.claimant(address)


def union(ledgers: Mapping[str, Sequence[Event]]) -> list[Event]:
    """The events of several ledgers, each once, in order of occurrence (ties by id, then by subject).

    An event from outside is identified by its id alone. One of Ripen's own is identified by its id and its subject,
    because two subjects may each have received the same mail.
    """
    if len(ledgers) == 1:  # a single ledger is sorted and free of duplicates
        return [event for events in ledgers.values() for event in events]
    found: dict[tuple[str, str], tuple[int, str, str, Event]] = {}
    for subject, events in ledgers.items():
        for event in events:
            key = (subject if event.source == RIPEN else "", event.id)
            entry = (event.at, event.id, subject, event)
            if key not in found or entry[:3] < found[key][:3]:
                found[key] = entry
    return [entry[3] for entry in sorted(found.values(), key=lambda entry: entry[:3])]


def order_by_proof(one: MergeCandidate, other: MergeCandidate) -> tuple[MergeCandidate, MergeCandidate]:
    """The root of a merge first: the side with more proof, then the one seen earlier, then the smaller subject."""
    ranked = sorted((one, other), key=lambda party: (-party.proof, party.first_seen, party.subject))
    return ranked[0], ranked[1]


def too_large(one: MergeCandidate, other: MergeCandidate) -> str:
    """The limit that the two together would exceed; empty if they exceed none."""
    if len(one.tree.ledgers) + len(other.tree.ledgers) > MAX_SUBJECTS:
        return f"more than {MAX_SUBJECTS} devices and users"
    if len(one.proven | other.proven) > MAX_ADDRESSES:
        return f"more than {MAX_ADDRESSES} proven addresses"
    return ""


def merge_conflict(one: MergeCandidate, other: MergeCandidate, proof: Proof, shown: str = "") -> str:
    """The reason for which the two are different people despite `proof`; empty if they may be one.

    `shown` is the address whose mailbox `one` evidently reads; a different proven address of `one` contradicts it.
    If a server names both, different proven addresses are no conflict.
    """
    if one.users and other.users:
        return "each has a userId"
    theirs = other.proven | {shown} - {""}
    apart = one.proven and theirs and not one.proven & theirs
    return "each has a proven address of its own" if apart and proof < Proof.SERVER else ""


def given(events: Iterable[Event]) -> set[str]:
    """The addresses (comparable form) that events name, with or without proof."""
    named = (event.traits.get("email") for event in events if event.source != RIPEN and not event.bot)
    return {comparable(text) for text in named if isinstance(text, str) and "@" in text}


def wrongly_linked(tree: MergedLead, edge: Edge, trusted: frozenset[str]) -> bool:
    """True if a merge by a followed link joined two people; `trusted` are the sources that are servers.

    The side that followed the link may have given only the address of the mail, and proven addresses and userIds of the
    other side. The side to which the link was mailed must have proven the address of the mail by itself, or have given
    only that address and addresses that either side has proven.
    """
    below = tree.below(edge.child)
    return any(
        _strayed(tree, side, tree.ledgers.keys() - side, trusted) for side in (below, tree.ledgers.keys() - below)
    )


def _strayed(tree: MergedLead, side: AbstractSet[str], other: AbstractSet[str], trusted: frozenset[str]) -> bool:
    events, theirs = (union({one: tree.ledgers[one] for one in part}) for part in (side, other))
    mine, others = ({subject_digest(subject) for subject in part} for part in (side, other))
    shown = {_address(event) for event in theirs if _confirms(event, mine)}
    known, users = Identifiers.of(theirs, trusted), Identifiers.of(events, trusted).users.keys()
    if shown and not (given(events) <= shown | known.proven and users <= known.users.keys()):
        return True
    lent = {_address(event) for event in events if _confirms(event, others)}
    own = Identifiers.of([event for event in events if not _confirms(event, others)], trusted).proven
    return bool(lent - own) and not given(events) <= lent | own | known.proven


def _confirms(event: Event, browsers: AbstractSet[str]) -> bool:
    return event.source == RIPEN and event.name == CONFIRMED and event.properties.get("browser") in browsers


def _address(event: Event) -> str:
    return comparable(str(event.properties.get("address")))


def unmerged_at(one: MergeCandidate, other: MergeCandidate) -> int:
    """The latest moment (ms) at which an operator unmerged the two; -1 if none did."""
    moments = [-1]
    for party, beside in ((one, other), (other, one)):
        theirs = {*map(subject_digest, beside.tree.ledgers)}
        moments += [at for digest, at in party.claims.unmerged.items() if digest in theirs]
    return max(moments)
