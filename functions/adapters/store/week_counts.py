"""Counts of mails and handoffs in the first week of an activation of rules, for the comparison with their forecast.

| pk                        | sk           | content                                                                |
|---------------------------|--------------|------------------------------------------------------------------------|
| `T#rules#<activated at>`  | a process    | `mails` and `handoffs` that these rules decided and this process ended |

Each process has an item of its own, because two transactions for one item would hinder each other. A count is written
in the transaction that ends the intent, so that it is neither lost nor repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.queries import query
from ripen.events.event import ENDS, HANDOFF, MAILED
from ripen.rehearsal.forecast import HANDOFFS, KINDS, MAILS, WEEK
from ripen.times import DAY, SECOND, parse_iso

_KIND = {**dict.fromkeys(MAILED, MAILS), ENDS[HANDOFF]["sent"]: HANDOFFS}
"""What each event that ends an intent counts as."""

_KEPT = 60 * DAY
_PROCESS = uuid4().hex[:16]


class WeekCount(NamedTuple):
    """The count of an intent that ends at `at` (ms); rules activated at `activated_at` (ISO 8601) decided it."""

    table: str
    activated_at: str
    channel: str
    status: str
    at: int

    def in_place_of(self, before: str) -> list[Mapping[str, Any]]:
        """The actions of the transaction that writes the status in place of the one `before`.

        There are none if the rules were activated more than a week before, or if that is not known.
        """
        kind, counted = (_KIND.get(ENDS[self.channel].get(status, "")) for status in (self.status, before))
        if not self.activated_at or kind == counted or self.at - parse_iso(self.activated_at) >= WEEK:
            return []
        kept_until = (self.at + _KEPT) // SECOND
        update = {
            "TableName": self.table,
            "Key": attributes({"pk": _key(self.activated_at), "sk": _PROCESS}),
            "UpdateExpression": "ADD #kind :change SET #ttl = :ttl",
            "ExpressionAttributeNames": {"#kind": kind or counted, "#ttl": "ttl"},
            "ExpressionAttributeValues": attributes({":change": 1 if kind else -1, ":ttl": kept_until}),
        }
        return [{"Update": update}]


def counts(table: str, activated_at: str) -> dict[str, int]:
    """The mails and handoffs in the first week of an activation, by kind."""
    found: Counter[str] = Counter()
    for item in query(table, "pk = :pk", {":pk": _key(activated_at)}):
        found.update({kind: item.get(kind, 0) for kind in KINDS})
    return {kind: found[kind] for kind in KINDS}


def _key(activated_at: str) -> str:
    return f"T#rules#{activated_at}"
