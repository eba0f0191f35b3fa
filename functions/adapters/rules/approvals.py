"""Approvals in the rules bucket: the yes of a person that a version may replace the active one."""

from __future__ import annotations

import json
from typing import NamedTuple

from adapters.rules.uploads import shown_name, shown_text
from adapters.runtime.clients import client, stored_object
from ripen.config.configuration import ActiveConfiguration


class Yes(NamedTuple):
    """A yes of the person `by`, for the reason `why`, which may be empty; `by_link` if it was said on a page."""

    by: str
    why: str = ""
    by_link: bool = False


def approval(version: str, replaces: str, yes: Yes) -> tuple[str, bytes]:
    """The S3 key and content of a yes: `version` may replace the version `replaces`."""
    body = {"version": version, "replaces": replaces, "by": shown_name(yes.by), "why": shown_text(yes.why)}
    return _key(version), json.dumps(body).encode()


def approve(bucket: str, version: str, replaces: str, yes: Yes) -> None:
    """Store such a yes."""
    key, body = approval(version, replaces, yes)
    client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def approved(bucket: str, active: ActiveConfiguration, version: str) -> Yes | None:
    """The yes that `version` may replace the active one; None if nobody said it.

    A yes counts for the replacement of one version. So it is void once something else has gone live.
    """
    body = stored_object(bucket, _key(version))
    try:
        found = json.loads(body) if body is not None else None
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("replaces") != active.version:
        return None
    return Yes(shown_name(str(found.get("by", ""))), shown_text(str(found.get("why", ""))))


def use_up(bucket: str, version: str) -> None:
    """Delete the yes to a version that is live: it counts once."""
    client("s3").delete_object(Bucket=bucket, Key=_key(version))


def _key(version: str) -> str:
    return f"approvals/{version}.json"
