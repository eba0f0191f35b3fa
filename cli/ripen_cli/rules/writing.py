"""Writes several rules and mails into the bucket as one push, and finds what a rollback has to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import click

from adapters.rules import pushes, versions
from adapters.rules.pushes import Push
from adapters.rules.uploads import md5
from ripen.config.upload_limits import is_read
from ripen.times import MINUTE, parse_iso, to_iso
from ripen_cli import upload as uploading
from ripen_cli.deployment import now

_ABANDONED = 10 * MINUTE
"""After this time, another push may replace one that is not complete."""


class Writing(NamedTuple):
    """Files to write, by key with their contents, and keys to delete; who does that, and why."""

    files: Mapping[str, bytes]
    deleted: list[str]
    by: str
    why: str
    force: bool = False


def write(bucket: str, writing: Writing, *, quiet: bool = False) -> None:
    """Announce the files, then write them. A `quiet` one prints no progress.

    Raises click.ClickException if somebody else's push is under way.
    """
    digests = {key: md5(content) for key, content in writing.files.items()}
    made = Push(at=to_iso(now()), by=writing.by, why=writing.why, files=digests, deleted=writing.deleted)
    other = pushes.announce(bucket, made, force=writing.force)
    if other is not None and _is_abandoned(other):
        other = pushes.announce(bucket, made, force=True)
    if other is not None:
        raise click.ClickException(f"{other.by or 'somebody'} pushes since {other.at}; try again when that is complete")
    uploading.upload(bucket, writing.files, writing.by, quiet=quiet)
    uploading.delete(bucket, writing.deleted)


def replacement(bucket: str, files: Mapping[str, bytes], by: str, why: str) -> Writing | None:
    """What makes these files the rules and mails of the bucket, and no others; None if they are that already."""
    changed = uploading.changes(bucket, files)
    deleted = [key for key in changed.only_there if is_read(key)]
    if not changed.changed and not deleted:
        return None
    return Writing({key: files[key] for key in changed.changed}, deleted, by, why)


def version_before(bucket: str) -> str:
    """The number of the version that was live before the present one. Raises click.ClickException if none was."""
    decisions = versions.activations(bucket)
    found = [one.number for one in decisions if one.number != decisions[-1].number] if decisions else []
    if not found:
        raise click.ClickException("no other version was live before; `ripen rules history` lists all")
    return str(found[-1])


def _is_abandoned(push: Push) -> bool:
    return not push.at or now() - parse_iso(push.at) > _ABANDONED
