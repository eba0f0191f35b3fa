"""`ripen rules push` and `ripen rules rollback`: several files at once, as one version."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from adapters.rules import isolated_check, versions
from adapters.rules.uploads import md5
from ripen.errors import InvalidConfigurationError
from ripen.versions.version import Version
from ripen_cli import upload as uploading
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.identity import own_name
from ripen_cli.project import folder_of
from ripen_cli.rules import base as bases
from ripen_cli.rules.base import Base
from ripen_cli.rules.check import check_folder, folder_argument
from ripen_cli.rules.lookup import candidate, differences, find, live
from ripen_cli.rules.report_lines import report_lines, when
from ripen_cli.rules.schemas import write_schemas
from ripen_cli.rules.writing import Writing, replacement, version_before, write

_person = click.option("--as", "person", help="Who does this, for the report; the default is your AWS identity.")
_reason = click.option("--why", default="", help="The reason, which is kept in the history.")
_really = click.option("--yes", is_flag=True, help="Really change something; without it nothing is changed.")


@click.command()
@folder_argument
@_person
@_reason
@click.option("--delete", "removes", is_flag=True, help="Also delete files that only the bucket has.")
@click.option("--force", is_flag=True, help="Also replace what others changed since you pulled or pushed.")
@_really
@deployed
def push(deployment: Deployment, folder: Path, person: str | None, why: str, **flags: Any) -> None:
    """Check rules/ and mails/ in FOLDER, push what has changed as one version, and wait until it is live.

    Without --yes, the command only shows what it would push, and what that changes. If somebody else changed rules or
    mails since FOLDER was pulled or pushed, it shows what, and pushes nothing.
    """
    bucket, (files, found) = deployment.rules_bucket, check_folder(folder)
    changed = uploading.changes(bucket, files)
    deleted = changed.only_there if flags["removes"] else []
    for key in changed.changed:
        click.echo(f"  upload  {key}")
    for key in changed.only_there:
        click.echo(f"  {'delete' if key in deleted else 'leave '}  {key} (only in the bucket)")
    if not changed.changed and not deleted:
        click.echo("Nothing to upload: the bucket has the same files.")
        bases.record(folder, bucket, bases.present(bucket))
        return
    _show_changes(live(bucket), candidate(found))
    if not flags["force"]:
        _refuse_conflicts(folder, bucket, files)
    if not flags["yes"]:
        click.echo("Nothing was changed; --yes uploads.")
        return
    contents = {key: files[key] for key in changed.changed}
    write(bucket, Writing(contents, deleted, person or own_name(), why, flags["force"]))
    bases.record(folder, bucket, bases.present(bucket))
    write_schemas(folder_of(folder))
    _wait(bucket)


upload = copy.copy(push)
upload.hidden = True
"""The former name of `push`."""


@click.command()
@click.argument("version", required=False)
@_person
@_reason
@_really
@deployed
def rollback(deployment: Deployment, version: str | None, person: str | None, why: str, *, yes: bool) -> None:
    """Make the rules and mails of an earlier VERSION live again; without VERSION, those that were live before.

    The files of that version replace all rules and mails in the bucket. They are checked, and may wait for a yes, like
    any other upload.
    """
    bucket = deployment.rules_bucket
    wanted = find(bucket, version or version_before(bucket))
    files = {key: text.encode() for key, text in wanted.files.items()}
    try:
        isolated_check.check_plain(files)
    except InvalidConfigurationError as error:
        lines = "\n".join(error.problems)
        raise click.ClickException(f"version {wanted.number} is not valid in this release:\n{lines}") from None
    _show_changes(live(bucket), wanted)
    writing = replacement(bucket, files, person or own_name(), why or f"rollback to version {wanted.number}")
    if writing is None:
        click.echo("Nothing to upload: the bucket has the same files.")
        return
    if not yes:
        click.echo(f"Nothing was changed; --yes makes version {wanted.number} live.")
        return
    write(bucket, writing)
    _wait(bucket)


def _show_changes(before: Version | None, after: Version) -> None:
    if before is None:
        return
    click.echo(f"Changes to version {before.number}, which is live:")
    for line in differences(before, after):
        click.echo(f"  {line}")


def _refuse_conflicts(folder: Path, bucket: str, files: Mapping[str, bytes]) -> None:
    """End the command if the bucket holds changes that the folder was not based on."""
    base, there = bases.recorded(folder, bucket), bases.present(bucket)
    if base is None and there.files:
        raise click.ClickException(
            "it is not known on which version this folder is based, so others' changes could be lost; "
            "`ripen rules pull` brings the bucket's files here, --force replaces them"
        )
    others = [key for key in base.changed(there) if _differs(files, there, key)] if base else []
    if base is None or not others:
        return
    click.echo(f"Others changed {', '.join(others)} since you pulled or pushed.", err=True)
    for line in _told(bucket, base, there):
        click.echo(line, err=True)
    raise click.ClickException("`ripen rules pull` brings these changes into your folder, --force replaces them")


def _differs(files: Mapping[str, bytes], there: Base, key: str) -> bool:
    own = md5(files[key]) if key in files else None
    return own != there.files.get(key)


def _told(bucket: str, base: Base, there: Base) -> list[str]:
    """What the versions since the base changed."""
    before = versions.numbered(bucket, base.number) if base.number else None
    after = versions.numbered(bucket, there.number) if there.number else None
    if before is None or after is None or before.number == after.number:
        return []
    why = f": {after.why}" if after.why else ""
    head = f"Changes from version {before.number} to {after.number}, of {when(after.model_dump())}{why}"
    return [head, *(f"  {line}" for line in differences(before, after))]


def _wait(bucket: str) -> None:
    report = uploading.wait_for_report(bucket)
    click.echo("\n".join(report_lines(report)))
    if not report["activated"]:
        raise SystemExit(1)
