"""The lead record: the stored summary of a fold, with its version and its due time.

It holds no personal data: traits and addresses stay in the ledger. It names the rules and the ledger items that it was
folded from, so a record that lags behind either is detected without a fold.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from ripen.leads.identifiers import UNDELIVERABLE, Identifiers
from ripen.leads.lead import Lead, Reach
from ripen.storage.ledger import NOTHING_SEEN, RECORD_KEY, Seen, due_shard
from ripen.times import first_after, to_iso


@dataclass(frozen=True)
class Record:
    """A lead record: `version` counts its writes (0: never written), `data` is JSON, `due_at` is in milliseconds."""

    subject: str
    version: int
    data: str
    due_at: int | None

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """The parsed `data`; empty or incomplete until the next fold if the record is stale."""
        found: Mapping[str, Any] = json.loads(self.data) if self.data else {}
        return found

    @property
    def settled(self) -> list[Any] | None:
        """The name of the checkpoint that the next fold may resume from; None if there is none."""
        return self.summary.get("settled")

    @property
    def address(self) -> Mapping[str, Any]:
        """The state of the lead's address, empty if there is none: its `key`, and `owned` if the lead has proven it.

        `suppressed` is the reason for which it gets no marketing mail. An `undeliverable` address gets no mail at all.
        """
        return self.summary.get("address") or {}

    @property
    def visits(self) -> Mapping[str, Sequence[Sequence[int]]]:
        """The visits reported for the daily figures that may still change, by subject."""
        found: Mapping[str, Sequence[Sequence[int]]] = self.summary.get("visits", {})
        return found

    @property
    def front(self) -> Mapping[str, str]:
        """The digest of the public profile of each subject that has one."""
        found: Mapping[str, str] = self.summary.get("front", {})
        return found

    @property
    def told(self) -> Sequence[str]:
        """The items written for the lead's addresses: `<key>` for a claim, `<key> <reason> <ms>` for a suppression."""
        found: Sequence[str] = self.summary.get("told", ())
        return found

    @property
    def crm(self) -> Mapping[str, Any]:
        """The marks of what other systems were told about the lead (see `ripen.crm.news.Told`); empty if nothing."""
        found: Mapping[str, Any] = self.summary.get("crm", {})
        return found

    @property
    def address_keys(self) -> set[str]:
        """The keys of all addresses that are recorded as given by the lead."""
        return {mark for mark in self.told if " " not in mark} | ({self.address.get("key", "")} - {""})


def address_state(claims: Identifiers, key: str, *, owned: bool) -> dict[str, Any]:
    """The state of the address of `claims`, as in `Record.address`: its key, and whether the lead owns it."""
    found = {"key": key, "owned": owned} | ({"suppressed": claims.suppressed} if claims.suppressed else {})
    return found | ({"undeliverable": True} if claims.refusal_of(claims.address) in UNDELIVERABLE else {})


def reach_of(address: Mapping[str, Any] | None) -> Reach:
    """The mail that an address in this state may get."""
    if not address or not address["key"] or "undeliverable" in address:
        return Reach.NOTHING
    return Reach.EVERYTHING if address["owned"] and "suppressed" not in address else Reach.ANSWERS


class FoldFingerprint(NamedTuple):
    """The sources of a record: the `rules` version, the items `seen` of one subject, and the number of all `others`."""

    rules: str
    seen: Seen
    others: int


class Folded(NamedTuple):
    """The sources of a fold, for the record: the items `seen` of each subject's ledger, and the checkpoint's name.

    `visits` are the visits reported for the daily figures that may still change, and `front` the digests of the public
    profiles, both by subject. `told` lists the items written for the lead's addresses. `crm` are the marks of what
    other systems were told. If something could not be told, it is tried again at `tell_at` (ms).
    """

    seen: Mapping[str, Seen]
    settled: Sequence[Any] | None = None
    visits: Mapping[str, Sequence[tuple[int, ...]]] = MappingProxyType({})
    front: Mapping[str, str] = MappingProxyType({})
    told: Sequence[str] = ()
    crm: Mapping[str, Any] = MappingProxyType({})
    tell_at: int | None = None


def make_record(
    lead: Lead,
    address: Mapping[str, Any] | None,
    before: Record,
    folded: Folded,
    rest_until: int | None = None,
) -> Record:
    """The record of a folded lead that replaces the record `before`.

    `address` is the state of the lead's address, `folded` the sources of the fold.

    Timers are lazy: an armed timer that fires no later than needed stays unchanged, because a change writes to the due
    index. Callers that act on the lead pass `rest_until`, the earliest next due time (milliseconds).
    """
    reach = reach_of(address)
    under_way = [name for name, by_mail_alone in lead.under_way.items() if reach or not by_mail_alone]
    summary = {
        "rules": lead.rules_version,
        "events": lead.events,
        "active": lead.last_active,
        "scores": {profile: [score.landmark, score.total] for profile, score in lead.scores.items()},
        "phase": [lead.phase, lead.moves[-1].at, lead.moves[-1].reason],
        "address": address,
        "pending": [intent.id for intent in lead.possible(reach)],
        "seen": folded.seen,
        **({"under_way": under_way} if under_way else {}),
        **({"settled": folded.settled} if folded.settled else {}),
        **({"visits": folded.visits} if folded.visits else {}),
        **({"front": folded.front} if folded.front else {}),
        **({"told": folded.told} if folded.told else {}),
        **({"crm": folded.crm} if folded.crm else {}),
    }
    due_at = first_after(-1, [lead.due_at(reach), folded.tell_at])
    if rest_until is None and _still_armed(before, due_at, summary, lead.now):
        due_at = before.due_at
    elif rest_until is not None and due_at is not None and due_at <= lead.now:
        due_at = rest_until
    return Record(lead.subject, before.version + 1, json.dumps(summary, separators=(",", ":")), due_at)


def _still_armed(before: Record, wanted: int | None, summary: Mapping[str, Any], now: int) -> bool:
    if before.due_at is None or before.due_at <= now or (wanted is not None and wanted < before.due_at):
        return False
    # A due lead is postponed while a mail is sent. Once the pending intents have changed, that due time is obsolete.
    pending = before.summary.get("pending")
    return pending is None or pending == summary["pending"]


def stale_data(*records: Record, subjects: Collection[str] | None = None) -> str:
    """The `data` of a record that has to be folded again.

    It keeps from `records` the reported visits and the digests of public profiles. Without these the next fold could
    not delete items that were written earlier. It also keeps what other systems were told; of phases, what they were
    told about the first lead. With `subjects`, it keeps only the entries of these subjects: an unmerged lead must not
    keep entries of the other lead.
    """
    kept: dict[str, dict[str, Any]] = {"visits": {}, "front": {}}
    for record in records:
        kept["visits"] |= record.visits
        kept["front"] |= record.front
    if subjects is not None:
        kept = {name: {key: told for key, told in found.items() if key in subjects} for name, found in kept.items()}
    phase = records[0].crm.get("phase") if subjects is None or records[0].subject in subjects else None
    ids = sorted({mark for record in records for mark in record.crm.get("ids", ())})
    kept["crm"] = {**({"phase": phase} if phase else {}), **({"ids": ids} if ids else {})}
    left = {name: found for name, found in kept.items() if found}
    return json.dumps(left, separators=(",", ":")) if left else ""


def read_fingerprint(data: str, subject: str) -> FoldFingerprint | None:
    """The fingerprint in a record's `data`, seen from `subject`; None if it is absent or cannot be parsed."""
    try:
        summary = json.loads(data)
        seen = {name: Seen(*pair) for name, pair in summary["seen"].items()}
        claimed = seen.pop(subject, NOTHING_SEEN)
        return FoldFingerprint(summary["rules"], claimed, sum(other.items for other in seen.values()))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def record_item(record: Record) -> dict[str, Any]:
    """The item to write. Only a record with a due time appears in the due index."""
    item: dict[str, Any] = {"pk": record.subject, "sk": RECORD_KEY, "version": record.version, "data": record.data}
    if record.due_at is not None:
        item |= {"due_shard": due_shard(record.subject), "due_at": to_iso(record.due_at)}
    return item
