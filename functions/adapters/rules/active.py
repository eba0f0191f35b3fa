"""The active configuration in S3, cached for a minute. The last good one stays if the stored one is unusable."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from adapters.runtime.clients import client, error_code, store_json, stored_object
from adapters.runtime.clock import wall_clock
from adapters.runtime.telemetry import count, logger
from ripen.config.configuration import MAILS, ActiveConfiguration, Configuration, Mails
from ripen.fold.rules import Rules, compile_active
from ripen.times import MINUTE

CURRENT = "active/current.json"


class Active(NamedTuple):
    """The compiled rules, their configuration, and the time of their activation (ISO 8601)."""

    rules: Rules
    configuration: Configuration
    activated_at: str


@dataclass(slots=True)
class _Kept:
    active: Active | None = None
    etag: str = ""
    checked_at: int = -MINUTE
    read_at: int = -MINUTE
    mails_version: str = ""
    mails: Mails | None = None


_kept: dict[str, _Kept] = {}


def clear_cache() -> None:
    """Drop the cached configurations and mails."""
    _kept.clear()


def mails_key(version: str) -> str:
    """The S3 key of the mails of a configuration version."""
    return f"active/mails-{version}.json"


def active_rules(bucket: str, now: int) -> Rules | None:
    """The active rules at `now` (ms); None if no usable configuration has been read.

    If the stored configuration is unreadable or not valid, the last good one is returned and the metric
    ConfigurationUnusable counts it.
    """
    found = active(bucket, now)
    return found.rules if found else None


def active(bucket: str, now: int) -> Active | None:
    """The active rules, as in `active_rules`, with the whole configuration that they come from."""
    kept = _kept.setdefault(bucket, _Kept())
    here = wall_clock()
    if kept.active and _is_fresh(kept, now, here):
        return kept.active
    condition = {"IfNoneMatch": kept.etag} if kept.etag else {}
    try:
        found = client("s3").get_object(Bucket=bucket, Key=CURRENT, **condition)
        read = ActiveConfiguration.model_validate_json(found["Body"].read())
        kept.active = Active(compile_active(read), read.configuration, read.activated_at)
        kept.etag = found["ETag"]
    except ClientError as error:
        if error_code(error) not in ("304", "NotModified"):
            _report(error_code(error))
    except (BotoCoreError, ValidationError) as error:
        _report(type(error).__name__)
    kept.checked_at, kept.read_at = now, here
    return kept.active


def _is_fresh(kept: _Kept, now: int, here: int) -> bool:
    """True if it is not a minute old by the clock of the caller, nor by that of the process (`here`).

    The clock of scoring is that of its batch, which stands still while the stream repeats the batch.
    """
    return abs(now - kept.checked_at) < MINUTE and here - kept.read_at < MINUTE


def stored(bucket: str) -> ActiveConfiguration | None:
    """The active configuration in S3, read without the cache; None if none was ever activated.

    Raises pydantic's ValidationError if it is not valid.
    """
    body = stored_object(bucket, CURRENT)
    return ActiveConfiguration.model_validate_json(body) if body is not None else None


def active_mails(bucket: str, version: str) -> Mails:
    """The mails of a configuration version, cached."""
    kept = _kept.setdefault(bucket, _Kept())
    if kept.mails is None or kept.mails_version != version:
        body = client("s3").get_object(Bucket=bucket, Key=mails_key(version))["Body"].read()
        kept.mails, kept.mails_version = MAILS.validate_json(body), version
    return kept.mails


def activate(bucket: str, active: ActiveConfiguration, mails: Mails) -> None:
    """Make a checked configuration active. The mails are written first, then the object that refers to them."""
    store_json(bucket, mails_key(active.rules_version), json.dumps(MAILS.dump_python(mails)))
    store_json(bucket, CURRENT, active.model_dump_json(by_alias=True, exclude_defaults=True))


def _report(reason: str) -> None:
    logger.error("The active configuration cannot be used; the last valid one stays in use", extra={"reason": reason})
    count("ConfigurationUnusable")
