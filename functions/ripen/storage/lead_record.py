"""The lead record: what is kept of a fold so that due leads are found, and so that the next reader knows its version.

It holds no personal data: traits and address stay in the ledger. It says which rules and which items of the ledger it
was folded from, so that a record that lags behind either is recognised without folding.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from ripen.leads.lead import Lead, Reach
from ripen.storage.ledger import NOTHING_SEEN, RECORD_KEY, Seen, due_shard
from ripen.times import to_iso


@dataclass(frozen=True)
class Record:
    """`version` counts the writes (0: never written), `data` is the JSON summary, `due_at` in milliseconds."""

    subject: str
    version: int
    data: str
    due_at: int | None

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """What `data` holds; nothing as long as the record has to be made anew. Read once, used many times."""
        found: Mapping[str, Any] = json.loads(self.data) if self.data else {}
        return found

    @property
    def settled(self) -> list[Any] | None:
        """The name of the checkpoint that the record goes on from, if it has one."""
        return self.summary.get("settled")

    @property
    def address(self) -> Mapping[str, Any]:
        """What was found out about the lead's address, empty if nothing: its `key`, and whether it is `owned`.

        An address is owned once the lead has proven it. `suppressed` is why it gets no marketing mail any more; one
        that is `undeliverable` gets no mail at all.
        """
        return self.summary.get("address") or {}

    @property
    def visits(self) -> Mapping[str, Sequence[Sequence[int]]]:
        """The visits of each subject that were reported for the daily figures, as far as they may still change."""
        found: Mapping[str, Sequence[Sequence[int]]] = self.summary.get("visits", {})
        return found

    @property
    def front(self) -> Mapping[str, str]:
        """A digest of what the website may know at once, of each subject of whom it knows something."""
        found: Mapping[str, str] = self.summary.get("front", {})
        return found

    @property
    def told(self) -> Sequence[str]:
        """What was written to the lead's addresses: their keys, and behind a space what they turned down and when."""
        found: Sequence[str] = self.summary.get("told", ())
        return found

    @property
    def address_keys(self) -> set[str]:
        """The keys of all addresses of which is written that the lead gave them."""
        return {mark for mark in self.told if " " not in mark} | ({self.address.get("key", "")} - {""})


def reach_of(address: Mapping[str, Any] | None) -> Reach:
    """Which mail an address may get of which this was found out."""
    if not address or not address["key"] or "undeliverable" in address:
        return Reach.NOTHING
    return Reach.EVERYTHING if address["owned"] and "suppressed" not in address else Reach.ANSWERS


class FoldFingerprint(NamedTuple):
    """What a record says it was folded from: the `rules` version, what of one subject (`seen`) and of all others."""

    rules: str
    seen: Seen
    others: int


class Folded(NamedTuple):
    """What a lead was folded from: the items of each subject's ledger, and by its name the checkpoint to go on from.

    `visits` are those of each subject that were reported for the daily figures and may still change, `front` digests of
    what the website may know at once of each subject, and `told` what was written to the lead's addresses.
    """

    seen: Mapping[str, Seen]
    settled: Sequence[Any] | None = None
    visits: Mapping[str, Sequence[tuple[int, ...]]] = MappingProxyType({})
    front: Mapping[str, str] = MappingProxyType({})
    told: Sequence[str] = ()


def make_record(
    lead: Lead,
    address: Mapping[str, Any] | None,
    before: Record,
    folded: Folded,
    rest_until: int | None = None,
) -> Record:
    """The record of a folded lead, to follow the one `before`.

    `address` says what was found out about the lead's address; `folded`, what the lead was folded from.

    Timers are lazy: one that is armed and fires no later than the lead needs stays as it is, because moving it writes
    to the due index. Whoever acts on a due lead arms it anew, by giving `rest_until`: what is due already is due then.
    """
    reach = reach_of(address)
    summary = {
        "rules": lead.rules_version,
        "events": lead.events,
        "active": lead.last_active,
        "scores": {profile: [score.landmark, score.total] for profile, score in lead.scores.items()},
        "phase": [lead.phase, lead.moves[-1].at, lead.moves[-1].reason],
        "address": address,
        "pending": [intent.id for intent in lead.possible(reach)],
        "seen": folded.seen,
        **({"settled": folded.settled} if folded.settled else {}),
        **({"visits": folded.visits} if folded.visits else {}),
        **({"front": folded.front} if folded.front else {}),
        **({"told": folded.told} if folded.told else {}),
    }
    due_at = lead.due_at(reach)
    if rest_until is None and _still_armed(before, due_at, summary, lead.now):
        due_at = before.due_at
    elif rest_until is not None and due_at is not None and due_at <= lead.now:
        due_at = rest_until
    return Record(lead.subject, before.version + 1, json.dumps(summary, separators=(",", ":")), due_at)


def _still_armed(before: Record, wanted: int | None, summary: Mapping[str, Any], now: int) -> bool:
    if before.due_at is None or before.due_at <= now or (wanted is not None and wanted < before.due_at):
        return False
    # A lead rests after it was due for a mail; once the mail has gone out there is nothing to come back for.
    pending = before.summary.get("pending")
    return pending is None or pending == summary["pending"]


def stale_data(*records: Record, subjects: Collection[str] | None = None) -> str:
    """The `data` of a record that has to be made anew; of `records` it keeps what was written elsewhere.

    These are the visits that were reported, and what the website may know at once. From nothing else could be told that
    something of it is no more. A lead that was parted keeps what is about its own `subjects`: of the others
    it would soon be wrong.
    """
    kept: dict[str, dict[str, Any]] = {"visits": {}, "front": {}}
    for record in records:
        kept["visits"] |= record.visits
        kept["front"] |= record.front
    if subjects is not None:
        kept = {name: {key: told for key, told in found.items() if key in subjects} for name, found in kept.items()}
    left = {name: found for name, found in kept.items() if found}
    return json.dumps(left, separators=(",", ":")) if left else ""


def read_fingerprint(data: str, subject: str) -> FoldFingerprint | None:
    """What a record's `data` says about `subject`; None when it says nothing or cannot be read."""
    try:
        summary = json.loads(data)
        seen = {name: Seen(*pair) for name, pair in summary["seen"].items()}
        claimed = seen.pop(subject, NOTHING_SEEN)
        return FoldFingerprint(summary["rules"], claimed, sum(other.items for other in seen.values()))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def record_item(record: Record) -> dict[str, Any]:
    """The item to write; only a record that is due some time appears in the due index."""
    item: dict[str, Any] = {"pk": record.subject, "sk": RECORD_KEY, "version": record.version, "data": record.data}
    if record.due_at is not None:
        item |= {"due_shard": due_shard(record.subject), "due_at": to_iso(record.due_at)}
    return item
