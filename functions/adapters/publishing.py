"""Read what marketers uploaded, check the whole, and activate it or report why not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from adapters.active import activate
from adapters.aws import client, stored_object
from adapters.rulefiles import build
from adapters.senders import register
from adapters.settings import PublishSettings
from adapters.site import show
from adapters.telemetry import count, logger
from ripen.configuration import compile_sources
from ripen.errors import InvalidConfigurationError
from ripen.site import dump_site

REPORT = "reports/latest.json"
_PREFIXES = ("rules/", "mails/")

Files = Mapping[str, str]
"""Each key with what changes when it is written again."""


def publish(settings: PublishSettings, at: str) -> dict[str, Any]:
    """Check everything below `rules/` and `mails/`; activate it, or leave what is active and say why.

    The result is returned and written to `reports/latest.json`: `version` of what was checked (empty when invalid),
    `activated`, `problems`, `at`, and in `files` a digest of what was there. Uploads that come while this runs are
    noticed, and the whole is read again; of many uploads at once only the first calls find anything left to do.
    """
    bucket = settings.bucket_name
    report, files = _last_report(bucket), _files(bucket)
    while report.get("files") != _digest(files):
        report = _check_and_activate(settings, files, at) | {"files": _digest(files)}
        _write(bucket, report)
        files = _files(bucket)
    return report


def _check_and_activate(settings: PublishSettings, found: Files, at: str) -> dict[str, Any]:
    bucket = settings.bucket_name
    files = {key: client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() for key in found}
    try:
        configuration, mails, version = build(files)
    except InvalidConfigurationError as error:
        logger.error("The rules are not valid; what was active stays active", extra={"problems": error.problems})
        count("RulesInvalid")
        return {"activated": False, "version": "", "problems": error.problems, "at": at}
    register(settings.table_name, compile_sources(configuration))
    show(settings.table_name, dump_site(configuration, mails))
    activate(bucket, configuration, mails, version, at)
    logger.info("The rules are active", extra={"version": version})
    return {"activated": True, "version": version, "problems": [], "at": at}


def _last_report(bucket: str) -> dict[str, Any]:
    body = stored_object(bucket, REPORT)
    found: dict[str, Any] = json.loads(body) if body is not None else {}
    return found


def _write(bucket: str, report: dict[str, Any]) -> None:
    body = json.dumps(report, indent=2).encode()
    client("s3").put_object(Bucket=bucket, Key=REPORT, Body=body, ContentType="application/json")


def _files(bucket: str) -> Files:
    pages = client("s3").get_paginator("list_objects_v2")
    return {
        found["Key"]: f"{found['ETag']} {found['LastModified'].isoformat()}"
        for prefix in _PREFIXES
        for page in pages.paginate(Bucket=bucket, Prefix=prefix)
        for found in page.get("Contents", [])
        if not found["Key"].endswith("/")
    }


def _digest(files: Files) -> str:
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()[:12]
