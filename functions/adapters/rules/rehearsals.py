"""Reports of rehearsals in the rules bucket: `reports/<version>/rehearsal.html`, and `.json` with the same numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from adapters.runtime.clients import client, stored_object


def put_rehearsal(bucket: str, version: str, page: str, values: Mapping[str, Any]) -> str:
    """Store the report about a version, in place of an earlier one. Returns the key of its page."""
    _put(bucket, _key(version, "json"), json.dumps(values, indent=1, ensure_ascii=False), "application/json")
    _put(bucket, page_key(version), page, "text/html; charset=utf-8")
    return page_key(version)


def rehearsal_of(bucket: str, version: str) -> dict[str, Any] | None:
    """The values of the report about a version, with its `sentence`; None if there is no report."""
    body = stored_object(bucket, _key(version, "json"))
    found: dict[str, Any] | None = json.loads(body) if body is not None else None
    return found


def page_key(version: str) -> str:
    """The S3 key of the page about a version."""
    return _key(version, "html")


def _key(version: str, kind: str) -> str:
    return f"reports/{version}/rehearsal.{kind}"


def _put(bucket: str, key: str, text: str, kind: str) -> None:
    client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType=kind)
