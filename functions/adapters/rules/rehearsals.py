"""Reports of rehearsals in the rules bucket: `reports/<version>/rehearsal.html`, and `.json` with the same numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from adapters.rules.conditional import put_if_unchanged
from adapters.runtime.clients import client, error_code, store_json


def put_rehearsal(bucket: str, version: str, page: str, values: Mapping[str, Any]) -> str:
    """Store the report about a version, in place of an earlier one. Returns the key of its page."""
    store_json(bucket, _key(version, "json"), _json(values))
    put_page(bucket, version, page)
    return page_key(version)


class Rehearsal(NamedTuple):
    """The values of a stored report, and the ETag of their object."""

    values: dict[str, Any]
    etag: str


def stored_rehearsal(bucket: str, version: str) -> Rehearsal | None:
    """The values of the report about a version, to be changed; None if there is no report."""
    try:
        found = client("s3").get_object(Bucket=bucket, Key=_key(version, "json"))
    except ClientError as error:
        if error_code(error) != "NoSuchKey":
            raise
        return None
    return Rehearsal(json.loads(found["Body"].read()), found["ETag"])


def amend_rehearsal(bucket: str, version: str, page: str, amended: Rehearsal) -> bool:
    """Store a report in place of the one that was read; returns False if there is another one meanwhile.

    The page is written first: after a crash in between, the values still lack what it tells, and are amended again.
    """
    put_page(bucket, version, page)
    return put_if_unchanged(bucket, _key(version, "json"), _json(amended.values), amended.etag)


def put_page(bucket: str, version: str, page: str) -> None:
    """Store the page alone."""
    body, kind = page.encode(), "text/html; charset=utf-8"
    client("s3").put_object(Bucket=bucket, Key=page_key(version), Body=body, ContentType=kind)


def rehearsal_of(bucket: str, version: str) -> dict[str, Any] | None:
    """The values of the report about a version, with its `sentence`; None if there is no report."""
    found = stored_rehearsal(bucket, version)
    return found.values if found else None


def page_key(version: str) -> str:
    """The S3 key of the page about a version."""
    return _key(version, "html")


def _key(version: str, kind: str) -> str:
    return f"reports/{version}/rehearsal.{kind}"


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False)
