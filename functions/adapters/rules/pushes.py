"""A push of several files: announced in S3 before the first one is written, so that half of it never goes live."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from adapters.rules.conditional import put_once
from adapters.rules.uploads import Files, shown_name, shown_text
from adapters.runtime.clients import client, store_json, stored_object

PUSH = "pushes/current.json"


class Push(BaseModel):
    """`files` are the MD5 digests of the contents that will be there, by key; `deleted` are keys that will not.

    `by` pushes them since `at` (ISO 8601), for the reason `why`.
    """

    model_config = ConfigDict(frozen=True)

    at: str = ""
    by: str = ""
    why: str = ""
    files: Mapping[str, str] = {}
    deleted: list[str] = []


class Announced(NamedTuple):
    """A push that was announced, with the keys that are not there yet, or not deleted yet."""

    push: Push
    missing: list[str]


def announced(bucket: str, files: Files) -> Announced | None:
    """The push whose files are being written; None if there is none. An announcement that nobody can read is none."""
    body = stored_object(bucket, PUSH)
    try:
        push = Push.model_validate(json.loads(body)) if body is not None else None
    except (ValueError, ValidationError):
        return None
    if push is None:
        return None
    push = push.model_copy(update={"by": shown_name(push.by), "why": shown_text(push.why)})
    there = {key: one.md5 for key, one in files.items()}
    missing = [key for key, digest in push.files.items() if there.get(key) != digest]
    return Announced(push, [*missing, *(key for key in push.deleted if key in there)])


def announce(bucket: str, push: Push, *, force: bool) -> Push | None:
    """Announce a push before its first file is written. Returns the push that is under way instead, if there is one.

    With `force`, the announcement replaces another one.
    """
    text = push.model_dump_json()
    if force:
        store_json(bucket, PUSH, text)
        return None
    if put_once(bucket, PUSH, text):
        return None
    return Push.model_validate_json(stored_object(bucket, PUSH) or "{}")


def end(bucket: str) -> None:
    """Delete the announcement of a push that is complete."""
    client("s3").delete_object(Bucket=bucket, Key=PUSH)
