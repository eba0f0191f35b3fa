"""`ripen rules pull`: the rules and mails of the bucket in a folder, without losing edits made there."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.rules.uploads import md5
from adapters.runtime.clients import client
from ripen.config.upload_limits import is_ignored
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.project import rule_files
from ripen_cli.rules import base as bases
from ripen_cli.rules.base import Base
from ripen_cli.rules.schemas import write_schemas


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Also replace files that you and somebody else changed.")
@deployed
def pull(deployment: Deployment, folder: Path, *, force: bool) -> None:
    """Bring the bucket's rules and mails into FOLDER, with the schemas for editors.

    Files that only you changed stay as they are. Files that both you and somebody else changed are named, and stay,
    too, unless --force is given.
    """
    bucket = deployment.rules_bucket
    there = bases.present(bucket)
    base = bases.recorded(folder, bucket) or Base(0, {})
    own = {key: md5(content) for key, content in rule_files(folder).items()}
    conflicts = []
    for key in base.changed(there):
        if is_ignored(key) or own.get(key) == there.files.get(key):
            continue
        if key in own and own[key] != base.files.get(key) and not force:
            conflicts.append(key)
            continue
        _bring(bucket, folder, key, exists=key in there.files)
    kept = {key: base.files[key] for key in conflicts if key in base.files}
    files = {key: digest for key, digest in there.files.items() if key not in conflicts} | kept
    folder.mkdir(parents=True, exist_ok=True)
    bases.record(folder, bucket, Base(base.number if conflicts else there.number, files))
    write_schemas(folder)
    if conflicts:
        names = ", ".join(conflicts)
        raise click.ClickException(f"you and somebody else changed {names}; --force takes the bucket's")
    click.echo(f"{folder} is based on version {there.number}." if there.number else f"{folder} is up to date.")


def _bring(bucket: str, folder: Path, key: str, *, exists: bool) -> None:
    path = folder / key
    click.echo(f"  {'write ' if exists else 'delete'}  {key}")
    if exists:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    else:
        path.unlink(missing_ok=True)
