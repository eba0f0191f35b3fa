"""Uploads rules and mails to the rules bucket of a deployment, and waits for the report about them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

import click

from adapters.rules.uploads import UPLOADER, digest, md5, uploaded_files
from adapters.runtime.clients import client
from services.publishing import last_report

_WITHIN = 180
"""Seconds within which a report has to come: the publish function may take 150, after a few seconds of waiting."""

_EVERY = 1.0


class Changes(NamedTuple):
    """The keys that an upload of a folder would add or replace, and those that only the bucket has."""

    changed: list[str]
    only_there: list[str]


def changes(bucket: str, files: Mapping[str, bytes]) -> Changes:
    """What differs between these files and the bucket."""
    there = {key: one.md5 for key, one in uploaded_files(bucket).items()}
    own = {key: md5(content) for key, content in files.items()}
    return Changes([key for key in own if there.get(key) != own[key]], sorted(there.keys() - own.keys()))


def upload(bucket: str, files: Mapping[str, bytes], uploader: str, *, quiet: bool = False) -> None:
    """Write files, each with the name of the uploader. A `quiet` upload prints no progress."""
    with click.progressbar([*files], label="Uploading", hidden=quiet) as bar:
        for key in bar:
            client("s3").put_object(Bucket=bucket, Key=key, Body=files[key], Metadata={UPLOADER: quote(uploader)})


def delete(bucket: str, keys: Iterable[str]) -> None:
    """Delete files from the bucket; their versions stay in S3."""
    for key in keys:
        client("s3").delete_object(Bucket=bucket, Key=key)


def wait_for_report(bucket: str) -> dict[str, Any]:
    """The report on the files that are in the bucket now. Raises click.ClickException if none comes in time."""
    wanted = digest(uploaded_files(bucket))
    return _wait_until(bucket, lambda report: report.get("files") == wanted)


def wait_for_decision(bucket: str, version: str) -> dict[str, Any]:
    """The first report in which this version waits for no yes any more. Raises click.ClickException as above."""
    return _wait_until(
        bucket, lambda report: "files" in report and not (report["version"] == version and report["waits"])
    )


def _wait_until(bucket: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + _WITHIN
    while time.monotonic() < deadline:
        report = last_report(bucket)
        if holds(report):
            return report
        time.sleep(_EVERY)
    raise click.ClickException(f"no report came within {_WITHIN} seconds; `ripen rules status` shows it when it comes")
