"""The lead record: what is kept of a fold so that due leads are found, and so that the next reader knows its version.

It holds no personal data: traits and address stay in the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ripen.lead import Lead
from ripen.ledger import RECORD_KEY, due_shard
from ripen.times import to_iso


@dataclass(frozen=True, slots=True)
class Record:
    """`version` counts the writes (0: never written), `data` is the JSON summary, `due_at` in milliseconds."""

    subject: str
    version: int
    data: str
    due_at: int | None


def make_record(
    lead: Lead,
    address: Mapping[str, Any] | None,
    version: int,
    rest_until: int | None = None,
    visits: Sequence[tuple[int, int, int]] = (),
) -> Record:
    """The record of a folded lead. `address` says which address key was found and whether the lead owns it.

    What is due already is due at `rest_until` instead, when given. `visits` are those reported for the daily figures.
    """
    summary = {
        "rules": lead.rules_version,
        "events": lead.events,
        "active": lead.last_active,
        "scores": {profile: [score.landmark, score.total] for profile, score in lead.scores.items()},
        "phase": [lead.phase, lead.moves[-1].at, lead.moves[-1].reason],
        "address": address,
        "pending": [intent.id for intent in lead.pending],
        "visits": visits,
    }
    due_at = lead.due_at(reachable=bool(address and address["owned"]))
    if due_at is not None and due_at <= lead.now and rest_until is not None:
        due_at = rest_until
    return Record(lead.subject, version, json.dumps(summary, separators=(",", ":")), due_at)


def record_item(record: Record) -> dict[str, Any]:
    """The item to write; only a record that is due some time appears in the due index."""
    item: dict[str, Any] = {"pk": record.subject, "sk": RECORD_KEY, "version": record.version, "data": record.data}
    if record.due_at is not None:
        item |= {"due_shard": due_shard(record.subject), "due_at": to_iso(record.due_at)}
    return item
