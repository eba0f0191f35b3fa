"""`ripen rules upload`: several files at once, as one version."""

from __future__ import annotations

from pathlib import Path

import click

from ripen_cli import upload as uploading
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.identity import own_name
from ripen_cli.rules.check import check_folder, folder_argument
from ripen_cli.rules.report_lines import report_lines


@click.command()
@folder_argument
@click.option("--as", "uploader", help="Who uploads, for the report; the default is the name of your AWS identity.")
@click.option("--delete", "removes", is_flag=True, help="Also delete files that only the bucket has.")
@click.option("--yes", is_flag=True, help="Really upload; without it nothing is changed.")
@deployed
def upload(deployment: Deployment, folder: Path, uploader: str | None, removes: bool, yes: bool) -> None:
    """Check rules/ and mails/ in FOLDER, upload what has changed, and wait until it is live.

    Without --yes, the command only lists what it would change.
    """
    bucket, files = deployment.rules_bucket, check_folder(folder).files
    found = uploading.changes(bucket, files)
    for key in found.changed:
        click.echo(f"  upload  {key}")
    for key in found.only_there:
        click.echo(f"  {'delete' if removes else 'leave '}  {key} (only in the bucket)")
    if not found.changed and not (removes and found.only_there):
        click.echo("Nothing to upload: the bucket has the same files.")
        return
    if not yes:
        click.echo("Nothing was changed; --yes uploads.")
        return
    uploading.upload(bucket, files, found.changed, uploader or own_name())
    if removes:
        uploading.delete(bucket, found.only_there)
    report = uploading.wait_for_report(bucket)
    click.echo("\n".join(report_lines(report)))
    if not report["activated"]:
        raise SystemExit(1)
