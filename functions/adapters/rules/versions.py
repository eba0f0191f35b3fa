"""Numbered versions of the rules in S3, and the history of what was live. Nothing of it is ever written twice.

`versions/by-number/000012.json` holds a version, `versions/by-content/<digest>.json` its number, and
`history/<time>.json` an activation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from adapters.rules.conditional import put_once
from adapters.runtime.clients import client, stored_object
from ripen.versions.version import Activation, Version

_NUMBERS = "versions/by-number/"
_CONTENTS = "versions/by-content/"
_HISTORY = "history/"


def record(bucket: str, version: Version) -> Version:
    """Keep a version under the next free number. If there is one with the same content, that one is returned."""
    if found := with_content(bucket, version.version):
        return found
    number = max(numbers(bucket), default=0)
    if number and (last := numbered(bucket, number)) and last.version == version.version:
        return _noted(bucket, last)  # the function was stopped before it noted the number
    while True:
        number += 1
        made = version.model_copy(update={"number": number})
        if put_once(bucket, _number_key(number), made.model_dump_json()):
            return _noted(bucket, made)
        if (other := numbered(bucket, number)) and other.version == version.version:
            return _noted(bucket, other)  # another copy of the function was faster


def numbers(bucket: str) -> list[int]:
    """The numbers of all versions, in ascending order."""
    return [int(key.removeprefix(_NUMBERS).partition(".")[0]) for key in _keys(bucket, _NUMBERS)]


def numbered(bucket: str, number: int) -> Version | None:
    """The version with a number; None if there is none."""
    body = stored_object(bucket, _number_key(number))
    return Version.model_validate_json(body) if body is not None else None


def with_content(bucket: str, digest: str) -> Version | None:
    """The version with this digest of rules and mails; None if there is none."""
    body = stored_object(bucket, f"{_CONTENTS}{digest}.json")
    return numbered(bucket, json.loads(body)["number"]) if body is not None else None


def record_activation(bucket: str, activation: Activation) -> None:
    """Keep a decision, once for each moment of activation."""
    put_once(bucket, f"{_HISTORY}{activation.at}.json", activation.model_dump_json())


def activations(bucket: str, since: str = "") -> list[Activation]:
    """The activations after the moment `since` (ISO 8601), oldest first; all of them if it is empty."""
    bodies = (stored_object(bucket, key) for key in _keys(bucket, _HISTORY, after=since))
    return [Activation.model_validate_json(body) for body in bodies if body is not None]


def _noted(bucket: str, version: Version) -> Version:
    put_once(bucket, f"{_CONTENTS}{version.version}.json", json.dumps({"number": version.number}))
    return version


def _number_key(number: int) -> str:
    return f"{_NUMBERS}{number:06}.json"


def _keys(bucket: str, prefix: str, after: str = "") -> Iterator[str]:
    later = {"StartAfter": f"{prefix}{after}"} if after else {}
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **later)
    return (one["Key"] for page in pages for one in page.get("Contents", []))
