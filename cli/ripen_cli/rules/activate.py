"""`ripen rules activate`: a yes to a version that waits."""

from __future__ import annotations

import click

from adapters.rules.approvals import approve
from ripen_cli import upload
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.identity import own_name
from ripen_cli.rules.report_lines import report_lines
from services.publishing import last_report


@click.command()
@click.argument("version")
@click.option("--as", "approver", help="Who says yes, for the report; the default is the name of your AWS identity.")
@deployed
def activate(deployment: Deployment, version: str, approver: str | None) -> None:
    """Say yes to VERSION, which waits because of its effect on leads, and wait until it is live.

    `ripen rules status` shows the version that waits, and why. The yes counts for the rules that are live now.
    """
    bucket = deployment.rules_bucket
    report = last_report(bucket)
    waiting = report["version"] if report.get("waits") else ""
    if version != waiting:
        known = f"version {waiting} waits" if waiting else "no version waits for a yes"
        raise click.ClickException(f"version {version[:50]!r} does not wait for a yes; {known}")
    approve(bucket, version, report["live"]["version"], approver or own_name())
    report = upload.wait_for_decision(bucket, version)
    click.echo("\n".join(report_lines(report)))
    if not report["activated"]:
        raise SystemExit(1)
