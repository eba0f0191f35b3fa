"""Finds versions of the rules, and what differs between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from adapters.rules.versions import numbered, numbers, with_content
from ripen.config.configuration import MAILS
from ripen.versions.changes import by_file
from ripen.versions.mails import summaries
from ripen.versions.version import Version, compare
from ripen_cli.rules.report_lines import change_lines
from services.publishing import last_report

_DIGEST = 12


def find(bucket: str, name: str) -> Version:
    """The version of a number, a digest, or `live`. Raises click.ClickException if there is none."""
    found = live(bucket) if name == "live" else None
    if name.isdecimal() and len(name) < _DIGEST:
        found = numbered(bucket, int(name))
    elif found is None:
        found = with_content(bucket, name)
    if found is None:
        known = f"the last one is {max(numbers(bucket), default=0)}; `ripen rules history` lists all"
        raise click.ClickException(f"there is no version {name[:50]!r}; {known}")
    return found


def live(bucket: str) -> Version | None:
    """The version that is live; None if there is none, or none with a number."""
    told = last_report(bucket).get("live") or {}
    return numbered(bucket, told["number"]) if told.get("number") else None


def candidate(found: Mapping[str, Any]) -> Version:
    """The result of a check as a version without a number."""
    mails = summaries(MAILS.validate_python(found["mails"]))
    return Version(number=0, version=found["version"], at="", configuration=found["configuration"], mails=mails)


def differences(before: Version, after: Version) -> Iterator[str]:
    """The changes between two versions as lines."""
    found = compare(before, after)
    if found is None:
        yield "What differs is not known, because another release of Ripen wrote one of the versions."
    elif not found:
        yield "No difference: leads get the same."
    else:
        yield from change_lines(by_file(found))
