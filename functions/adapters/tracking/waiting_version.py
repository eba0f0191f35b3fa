"""The version of the rules that waits for a yes: what its page shows, and who may say yes by a link."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from adapters.dynamodb.table import get_text, put_text
from ripen.storage.ledger import WAITING_KEY
from ripen.times import HOUR

_AT_ONCE = HOUR
"""Milliseconds within which a repeated question is about the same upload."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Version `number` with the digest `version` waits to replace the version with the digest `replaces`.

    `by` uploaded it at `at` (ISO 8601), for the reason `why`. `sentence` is that of the rehearsal, `report` the S3 key
    of its page; both may be empty. `reasons` are those for which it waits, `changes` sentences by file. `approvers` are
    the addresses of those who may say yes until `until` (ms), by the digest of the key in their link.
    """

    number: int
    version: str
    replaces: str
    at: str
    by: str
    why: str
    sentence: str
    report: str
    until: int
    reasons: Sequence[str] = ()
    changes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    approvers: Mapping[str, str] = field(default_factory=dict)

    def approver(self, key: str) -> str:
        """The address of the approver whose link has this key; empty if nobody's has."""
        return self.approvers.get(digest(key), "")


def digest(key: str) -> str:
    """The digest under which the key of a link is known."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def put_waiting(table: str, waiting: Waiting) -> None:
    """Keep what waits now.

    Links to the same version, in place of the same one, stay valid if they are new: the same function has mailed them
    before a retry. Other links end.
    """
    before = waiting_version(table)
    if before and _is_asked_again(before, waiting):
        waiting = replace(waiting, approvers={**before.approvers, **waiting.approvers})
    put_text(table, WAITING_KEY, json.dumps(asdict(waiting), ensure_ascii=False))


def end_waiting(table: str) -> None:
    """Keep that nothing waits: no link counts any more."""
    put_text(table, WAITING_KEY, "")


def waiting_version(table: str) -> Waiting | None:
    """What waits; None if nothing does. Raises TableThrottledError."""
    text = get_text(table, WAITING_KEY)
    return Waiting(**json.loads(text)) if text else None


def _is_asked_again(before: Waiting, now: Waiting) -> bool:
    same = (before.version, before.replaces) == (now.version, now.replaces)
    return same and abs(now.until - before.until) < _AT_ONCE
