"""A scan over all leads, page by page, for records that have to be folded again.

There are two kinds, which differ only in their trigger and extent. `refold` follows the activation of new rules and
scans the whole table. `reconcile` scans a seventh of the table each night for records that lag behind their ledger.
Both find a record that was folded under other rules, and a record that disagrees with its ledger about the items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from ripen.storage.lead_record import FoldFingerprint, read_fingerprint
from ripen.storage.ledger import EVENT_PREFIX, NOTHING_SEEN, RECORD_KEY, Seen, counts_until, expires_at
from ripen.times import HOUR, MINUTE, to_iso

SEGMENTS = 7
"""The number of segments of about equal size that the table has: one for each night of a week."""

CALM = 2 * MINUTE
"""Milliseconds that a refold waits: processes may fold with the previous rules for up to a minute."""

RECENT = HOUR
"""The age (ms) up to which an item may still be in the stream; a record without it does not lag."""

Key = tuple[str, str]
Kind = Literal["refold", "reconcile"]


class SubjectSummary(BaseModel):
    """A scan's summary of one subject: the digest of live ledger items, their latest expiry (ms), and the record.

    `claim` is the fingerprint in the subject's own record; None if there is none. `lead` is the subject above to which
    a merged subject points; empty otherwise.
    """

    model_config = ConfigDict(frozen=True)

    subject: str
    seen: Seen = NOTHING_SEEN
    expires_at: int = 0
    claim: FoldFingerprint | None = None
    lead: str = ""


class Found(NamedTuple):
    """A lead to fold again. It is `lagging` if its record lacks events that have left the stream."""

    lead: str
    lagging: bool


class TableScan(BaseModel):
    """The progress of a scan; times in milliseconds.

    `target` is the version of the rules or the night it is for, `activation` the time (ISO 8601) at which these rules
    became active. `segments` are those left to scan; the next page is in the first of them, after the key `after`.
    `open` is the subject whose items may continue on the next page, `last` the segment completed last. `items`, `found`
    and `lagging` count the results, `version` the writes.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    target: str
    activation: str = ""
    since: int
    segments: tuple[int, ...]
    version: int = 0
    after: Key | None = None
    open: SubjectSummary | None = None
    items: int = 0
    found: int = 0
    lagging: int = 0
    last: int = SEGMENTS - 1
    ended: int | None = None

    def on(
        self, page: Sequence[Mapping[str, Any]], after: Key | None, now: int
    ) -> tuple[TableScan, list[SubjectSummary]]:
        """The scan after a page of items, and the subjects that the page completes.

        The items of one subject are adjacent, as in a DynamoDB scan. `after` is the last key; None ends the segment.
        """
        done, current = [], self.open
        for item in page:
            if current is not None and current.subject != item["pk"]:
                done.append(current)
                current = None
            current = _tallied(current or SubjectSummary(subject=item["pk"]), item, now)
        moved: dict[str, Any] = {"after": after, "open": current, "items": self.items + len(page)}
        if after is None:
            done += [current] if current else []
            segments = self.segments[1:]
            moved |= {"open": None, "segments": segments, "last": self.segments[0]}
            moved |= {"ended": None if segments else now}
        return self.model_copy(update=moved), done

    def with_found(self, found: Sequence[Found]) -> TableScan:
        """The scan with these leads counted."""
        lagging = self.lagging + sum(one.lagging for one in found)
        return self.model_copy(update={"found": self.found + len(found), "lagging": lagging})

    def may_go_on(self, now: int) -> bool:
        """True if the scan has not ended and, for a refold, every process has the new rules."""
        return self.ended is None and (self.kind != "refold" or now >= self.since + CALM)


def _tallied(summary: SubjectSummary, item: Mapping[str, Any], now: int) -> SubjectSummary:
    key = item["sk"]
    if key.startswith(EVENT_PREFIX):
        if counts_until(item) <= now:
            return summary
        seen = summary.seen.plus(item)
        return summary.model_copy(update={"seen": seen, "expires_at": max(summary.expires_at, expires_at(item))})
    if key == RECORD_KEY:
        claim = read_fingerprint(item.get("data", ""), summary.subject)
        return summary.model_copy(update={"claim": claim, "lead": item.get("lead", "")})
    return summary


def needs_refold(summary: SubjectSummary, claim: FoldFingerprint | None, rules: str, recent: int) -> Found | None:
    """The lead of a subject if it has to be folded again, otherwise None.

    `claim` is the fingerprint in the record of the subject's lead. `rules` is the active version; empty accepts any.
    Items that expire after `recent` (ms) may still be in the stream. If the oldest items of a lead were left out, only
    the rules are compared.
    """
    claimed = claim.seen if claim else NOTHING_SEEN
    if not summary.seen.items and not (claim and claim.others):
        return None
    if claim and rules in ("", claim.rules) and (summary.seen == claimed or not claimed.whole):
        return None
    # Fewer items than in the record are no lag: items have expired since.
    lagging = claimed.whole and summary.seen.items > claimed.items and summary.expires_at <= recent
    return Found(summary.lead or summary.subject, lagging)


def scan_now(
    walks: Mapping[Kind, TableScan], rules: str, now: int, hour: int, activation: str = ""
) -> TableScan | None:
    """The scan to continue or start at `now` (ms); None if there is none.

    A refold starts as soon as the active `rules`, or the moment of their `activation`, differ from those of the last
    refold, which it replaces, and waits until every process has them. The moment counts because rules that come back
    find leads that were folded under others meanwhile. A reconcile starts each night at `hour` (UTC) with the next
    segment.
    """
    refold, reconcile = walks.get("refold"), walks.get("reconcile")
    if refold is None or (refold.target, refold.activation) != (rules, activation):
        return TableScan(
            kind="refold",
            target=rules,
            activation=activation,
            since=now,
            segments=tuple(range(SEGMENTS)),
            version=refold.version if refold else 0,
        )
    if refold.may_go_on(now):
        return refold
    if reconcile is not None and reconcile.ended is None:
        return reconcile
    night = to_iso(now - hour * HOUR)[:10]
    if reconcile is None:
        return TableScan(kind="reconcile", target=night, since=now, segments=(0,))
    if reconcile.target < night:
        part = (reconcile.last + 1) % SEGMENTS
        return TableScan(kind="reconcile", target=night, since=now, segments=(part,), version=reconcile.version)
    return None


def scan_everywhere(now: int) -> TableScan:
    """A reconcile scan of the whole table."""
    return TableScan(kind="reconcile", target="all", since=now, segments=tuple(range(SEGMENTS)))
