"""The yes of an approver who pressed the button behind a link: the key of that link, in one object.

The tracking function may write this object and nothing else of the bucket. It knows digests of keys only, so it cannot
say yes by itself.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from adapters.runtime.clients import client, store_json, stored_object

PRESSED = "approvals/by-link.json"


class Pressed(NamedTuple):
    """The key of a link whose button was pressed, and the reason, which may be empty."""

    key: str
    why: str


def press(bucket: str, pressed: Pressed) -> None:
    """Store the yes; the publish function checks it."""
    store_json(bucket, PRESSED, json.dumps(pressed._asdict()))


def pressed(bucket: str) -> Pressed | None:
    """The last yes; None if there is none, or another object in its place."""
    body = stored_object(bucket, PRESSED)
    try:
        found = json.loads(body) if body is not None else None
    except ValueError:
        return None
    return Pressed(str(found.get("key", "")), str(found.get("why", ""))) if isinstance(found, dict) else None


def use_up(bucket: str) -> None:
    """Delete the yes: it counts once."""
    client("s3").delete_object(Bucket=bucket, Key=PRESSED)
