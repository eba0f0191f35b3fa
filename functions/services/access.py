"""Everything stored about a subject, for a person who asks for it (GDPR, Articles 15 and 20).

It walks the same items as an erasure, and adds those that an erasure keeps: refusals, and the counters of mailboxes.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.dynamodb.attributes import values
from adapters.dynamodb.queries import get_item, query
from adapters.identity.address_keys import normalized
from adapters.reports.rollup import reported_visits
from adapters.store.public_profile import profile_key
from ripen.leads.suppression import shortened, suppression_key
from ripen.messages.send_limits import mailbox_key
from ripen.privacy.erasure import addresses
from ripen.storage.ledger import (
    ASIDE_PREFIX,
    CHECKPOINT_KEY,
    DECIDED_KEY,
    EVENT_PREFIX,
    IDENTITY_KEY,
    INTENT_PREFIX,
    MEMBER_PREFIX,
    RECORD_KEY,
)
from ripen.storage.packing import unpack
from services.erasure import address_keys_in, events_in, items_of

_KINDS = (
    (EVENT_PREFIX, "events"),
    (ASIDE_PREFIX, "unreadable"),
    (MEMBER_PREFIX, "merges"),
    (INTENT_PREFIX, "actions"),
    ("Q#", "notices"),
)
_WHOLE = {CHECKPOINT_KEY: "calculation", RECORD_KEY: "record", DECIDED_KEY: "decisions"}
_JSON = ("data", "about")
"""The attributes that hold JSON."""


def stored_about(table: str, subject: str, secret: bytes) -> list[dict[str, Any]]:
    """Every item about a subject: its `kind`, its key (`pk`, `sk`), and its `content` in readable form."""
    found = items_of(table, subject)
    events = events_in(found)
    told = [_told(_kind(str(item["sk"]["S"])), values(item)) for item in found]
    told += [_told("visits", item) for item in reported_visits(table, subject, events)]
    keys = sorted(address_keys_in(found, events, secret))
    boxes = sorted({mailbox_key(text, secret) for text in map(normalized, addresses(events)) if text})
    others = [
        ("public profile", profile_key(subject)),
        *(("addresses", {"pk": key, "sk": subject}) for key in keys),
        *(("refusals", suppression_key(shortened(key))) for key in keys),
    ]
    told += [_told(kind, item) for kind, key in others if (item := get_item(table, key["pk"], key["sk"]))]
    owned = (get_item(table, key, IDENTITY_KEY) for key in keys)
    told += [_told("addresses", item) for item in owned if item.get("owner") == subject]
    for box in boxes:
        told += [_told("mailbox", item) for item in query(table, "pk = :pk", {":pk": box})]
    return told


def _kind(key: str) -> str:
    return _WHOLE.get(key) or next((kind for prefix, kind in _KINDS if key.startswith(prefix)), "other")


def _told(kind: str, item: Mapping[str, Any]) -> dict[str, Any]:
    content = dict(_readable(item))
    return {"kind": kind, "pk": content.pop("pk"), "sk": content.pop("sk"), "content": content}


def _readable(item: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, bytes):
            yield name, _unpacked(value, item["sk"])
        elif name in _JSON and isinstance(value, str):
            yield name, _parsed(value)
        else:
            yield name, value


def _unpacked(packed: bytes, key: str) -> Any:
    try:
        return _parsed(unpack(packed, key).decode())
    except (zlib.error, UnicodeDecodeError):
        return {"base64": b64encode(packed).decode()}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
