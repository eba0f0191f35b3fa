"""Publish uploaded rules and mails: read and check all files, then activate them or report the problems."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import ValidationError

from adapters.rules.active import activate, stored
from adapters.rules.isolated_check import Checked, check
from adapters.runtime.clients import client, stored_object
from adapters.runtime.settings import PublishSettings
from adapters.runtime.telemetry import count, logger
from adapters.store.all_leads import under_way
from adapters.tracking.public_config import put_public_config
from adapters.tracking.source_registry import register
from ripen.config.configuration import ActiveConfiguration, compile_sources
from ripen.config.edits import edit
from ripen.config.public import dump_site
from ripen.config.upload_limits import MOST_BYTES, MOST_FILES, is_read, size_problems
from ripen.errors import InvalidConfigurationError
from ripen.times import parse_iso

REPORT = "reports/latest.json"
_PREFIXES = ("rules/", "mails/")
_CAMPAIGNS = "rules/campaigns.yaml"
_MOST_PAGES = 100
"""The most pages of 1 MB that are read to count leads under way in campaigns."""

_MOST_PROBLEMS = 200
_LONGEST = 500
_ALL = "rules/ and mails/"
_UNFINISHED = f"{_ALL}: the check is in progress; if this message stays, the check failed and nothing was activated"

Files = Mapping[str, tuple[int, str]]
"""Each key with its size in bytes, and a text that changes whenever the object is written."""


def publish(settings: PublishSettings, at: str) -> dict[str, Any]:
    """Check all files below `rules/` and `mails/`, and activate them if they are valid.

    The report is returned and written to `reports/latest.json`: `version` of the files (empty if invalid), `activated`,
    `problems`, `at`, and in `files` a digest of the files. If files change meanwhile, all are read again; so after many
    uploads at once only the first calls have anything to do.
    """
    bucket = settings.bucket_name
    report, files = _last_report(bucket), _files(bucket)
    while report.get("files") != _digest(files):
        # If the function is stopped from here on, the previous report must not pass for a report on these files.
        _write(bucket, _refusal([_UNFINISHED], at))
        try:
            report = _check_and_activate(settings, files, at) | {"files": _digest(files)}
        except Exception as error:
            _write(
                bucket, _refusal([f"{_ALL}: the activation failed with {type(error).__name__}; it is retried soon"], at)
            )
            raise
        _write(bucket, report)
        files = _files(bucket)
    return report


def _check_and_activate(settings: PublishSettings, found: Files, at: str) -> dict[str, Any]:
    bucket = settings.bucket_name
    try:
        checked = check(_contents(bucket, found))
        active, mails = _replacement(settings, checked, at), checked.mails
    except InvalidConfigurationError as error:
        refusal = _refusal(error.problems, at)
        logger.error("The rules are not valid; the previous rules stay active", extra={"problems": refusal["problems"]})
        count("RulesInvalid")
        return refusal
    register(settings.table_name, compile_sources(active.configuration))
    put_public_config(settings.table_name, dump_site(active.configuration, mails))
    activate(bucket, active, mails)
    logger.info("The rules are active", extra={"version": active.version})
    return {"activated": True, "version": active.version, "problems": [], "at": at}


def _replacement(settings: PublishSettings, checked: Checked, at: str) -> ActiveConfiguration:
    """The checked configuration, ready to be active from `at` on.

    Raises InvalidConfigurationError for wrong uses of `was`, and for names that seem to be new ones for others without
    `was`, while leads are under way in the campaign.
    """
    before = _active(settings.bucket_name)
    edited = edit(before, checked.configuration, parse_iso(at))
    problems = [f"{_CAMPAIGNS}: {'.'.join(map(str, path))}: {text}" for path, text in edited.problems]
    if edited.renamings:
        counts, complete = under_way(settings.table_name, _MOST_PAGES)
        for renaming in edited.renamings:
            if (count := counts[renaming.campaign]) or not complete:
                leads = f"{'' if complete else 'at least '}{count} {'lead is' if count == 1 else 'leads are'}"
                problems.append(f"{_CAMPAIGNS}: {'.'.join(map(str, renaming.path))}: {renaming.problem(leads)}")
    if problems:
        raise InvalidConfigurationError(problems)
    return ActiveConfiguration(
        version=checked.version,
        activated_at=at,
        configuration=checked.configuration.model_copy(update={"campaigns": edited.campaigns}),
        editions=edited.editions,
        renamed=edited.renamed,
    )


def _active(bucket: str) -> ActiveConfiguration | None:
    try:
        return stored(bucket)
    except ValidationError:  # of a version of Ripen that this one cannot read
        logger.warning("The active rules cannot be read; edits of campaigns under way are not known")
        return None


def _refusal(problems: Sequence[str], at: str) -> dict[str, Any]:
    told = [_shortened(problem) for problem in problems[:_MOST_PROBLEMS]]
    if len(problems) > len(told):
        told.append(f"{_ALL}: there are more problems than these")
    return {"activated": False, "version": "", "problems": told, "at": at}


def _shortened(problem: str) -> str:
    return problem if len(problem) <= _LONGEST else f"{problem[:_LONGEST]}..."


def _contents(bucket: str, found: Files) -> dict[str, bytes]:
    """The content of each file; empty if no function reads the file. Raises InvalidConfigurationError."""
    if problems := size_problems({key: size for key, (size, _) in found.items()}):
        raise InvalidConfigurationError(problems)
    return {key: _content(bucket, key) if is_read(key) else b"" for key in found}


def _content(bucket: str, key: str) -> bytes:
    # A larger object may have replaced it since it was listed.
    found: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read(MOST_BYTES + 1)
    return found


def _last_report(bucket: str) -> dict[str, Any]:
    body = stored_object(bucket, REPORT)
    try:
        found = json.loads(body) if body is not None else {}
    except ValueError:  # another program wrote it
        return {}
    return found if isinstance(found, dict) else {}


def _write(bucket: str, report: dict[str, Any]) -> None:
    body = json.dumps(report, indent=2).encode()
    client("s3").put_object(Bucket=bucket, Key=REPORT, Body=body, ContentType="application/json")


def _files(bucket: str) -> Files:
    """The files below rules/ and mails/, at most one more than allowed."""
    pages = client("s3").get_paginator("list_objects_v2")
    found = (
        (one["Key"], (one["Size"], f"{one['ETag']} {one['LastModified'].isoformat()}"))
        for prefix in _PREFIXES
        for page in pages.paginate(Bucket=bucket, Prefix=prefix)
        for one in page.get("Contents", [])
        if not one["Key"].endswith("/")
    )
    return dict(islice(found, MOST_FILES + 1))


def _digest(files: Files) -> str:
    return hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()[:12]
