"""A walk over all leads, a page of the table at a time, for those whose record is not what it should be.

Two kinds share everything but what starts them. `refold` follows the activation of new rules and goes over the whole
table; `reconcile` goes over a seventh of it each night, for leads whose record lags behind their ledger, whatever the
reason. Both find a lead whose record was made with other rules than the active ones, and one whose record and ledger
disagree about which items there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from ripen.storage.lead_record import FoldFingerprint, read_fingerprint
from ripen.storage.ledger import EVENT_PREFIX, NOTHING_SEEN, RECORD_KEY, Seen, counts_until, expires_at
from ripen.times import HOUR, MINUTE, to_iso

SEGMENTS = 7
"""Into how many parts of about the same size the table is divided: one for each night of a week."""

CALM = 2 * MINUTE
"""How long a refold waits: for up to a minute a process may still fold with the rules that were active before."""

RECENT = HOUR
"""What arrived so lately may be on its way through the stream; a record that lacks it does not lag."""

Key = tuple[str, str]
Kind = Literal["refold", "reconcile"]


class SubjectSummary(BaseModel):
    """What a walk has met of one subject: live ledger items, the last moment at which one expires, and its record.

    `claim` is what its record says; `lead` is whose it is, when another lead's record stands for it.
    """

    model_config = ConfigDict(frozen=True)

    subject: str
    seen: Seen = NOTHING_SEEN
    expires_at: int = 0
    claim: FoldFingerprint | None = None
    lead: str = ""


class Found(NamedTuple):
    """A lead to fold again. `lagging`: events that are no longer on their way are missing in its record."""

    lead: str
    lagging: bool


class TableScan(BaseModel):
    """How far a walk has come. `target` is the version of the rules or the night that it is for; times in milliseconds.

    `segments` are still to be walked; of the first, the page after the key `after` is the next one. `open` is the
    subject of which the next page may hold more, `last` the segment that was walked last. `version` counts the writes.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    target: str
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
        """The walk after a page of items, and the subjects of which no more items will come.

        Items of one subject come one after the other, as a scan gives them. `after` is the last key; None ends the
        segment.
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
        """The walk with these leads counted."""
        lagging = self.lagging + sum(one.lagging for one in found)
        return self.model_copy(update={"found": self.found + len(found), "lagging": lagging})

    def may_go_on(self, now: int) -> bool:
        """Whether there is something to walk yet, and every process knows what it is walked for."""
        return self.ended is None and (self.kind != "refold" or now >= self.since + CALM)


def _tallied(tally: SubjectSummary, item: Mapping[str, Any], now: int) -> SubjectSummary:
    key = item["sk"]
    if key.startswith(EVENT_PREFIX):
        if counts_until(item) <= now:
            return tally
        seen = tally.seen.plus(item)
        return tally.model_copy(update={"seen": seen, "expires_at": max(tally.expires_at, expires_at(item))})
    if key == RECORD_KEY:
        claim = read_fingerprint(item.get("data", ""), tally.subject)
        return tally.model_copy(update={"claim": claim, "lead": item.get("lead", "")})
    return tally


def needs_refold(tally: SubjectSummary, claim: FoldFingerprint | None, rules: str, recent: int) -> Found | None:
    """Whether a subject's lead has to be folded again; `claim` is what the record says that stands for the subject.

    `rules` is the active version, or empty when any will do. What expires after `recent` has arrived only lately. Of a
    lead whose oldest items were left out nothing but the rules is compared.
    """
    claimed = claim.seen if claim else NOTHING_SEEN
    if not tally.seen.items and not (claim and claim.others):
        return None  # nothing is left to fold
    if claim and rules in ("", claim.rules) and (tally.seen == claimed or not claimed.whole):
        return None
    # Fewer than the record says: some have expired since.
    lagging = claimed.whole and tally.seen.items > claimed.items and tally.expires_at <= recent
    return Found(tally.lead or tally.subject, lagging)


def walk_now(walks: Mapping[Kind, TableScan], rules: str, now: int, hour: int) -> TableScan | None:
    """The walk that is to go on, or to begin, at `now`; None when there is none.

    A refold begins as soon as other `rules` are seen to be active, instead of one for older rules, and waits until
    every process knows them. A reconcile begins each night at `hour` (UTC), with the segment whose turn it is.
    """
    refold, reconcile = walks.get("refold"), walks.get("reconcile")
    if refold is None or refold.target != rules:
        version = refold.version if refold else 0
        return TableScan(kind="refold", target=rules, since=now, segments=tuple(range(SEGMENTS)), version=version)
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


def walk_everywhere(now: int) -> TableScan:
    """A reconcile of the whole table at once."""
    return TableScan(kind="reconcile", target="all", since=now, segments=tuple(range(SEGMENTS)))
