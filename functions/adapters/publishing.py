"""Read what marketers uploaded, check the whole, and activate it or report why not."""

from __future__ import annotations

import json
from typing import Any

from adapters.active import activate
from adapters.aws import client
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


def publish(settings: PublishSettings, at: str) -> dict[str, Any]:
    """Check everything below `rules/` and `mails/`; activate it, or leave what is active and say why.

    The result is returned and written to `reports/latest.json`: `version` of what was checked (empty when invalid),
    `activated`, `problems` and `at`. Uploads that come while this runs are noticed, and the whole is read again.
    """
    bucket = settings.bucket_name
    while True:
        before = _etags(bucket)
        report = _check_and_activate(settings, before, at)
        if _etags(bucket) == before:
            break
    client("s3").put_object(
        Bucket=bucket, Key=REPORT, Body=json.dumps(report, indent=2).encode(), ContentType="application/json"
    )
    return report


def _check_and_activate(settings: PublishSettings, etags: dict[str, str], at: str) -> dict[str, Any]:
    bucket = settings.bucket_name
    files = {key: client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() for key in etags}
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


def _etags(bucket: str) -> dict[str, str]:
    pages = client("s3").get_paginator("list_objects_v2")
    return {
        found["Key"]: found["ETag"]
        for prefix in _PREFIXES
        for page in pages.paginate(Bucket=bucket, Prefix=prefix)
        for found in page.get("Contents", [])
        if not found["Key"].endswith("/")
    }
