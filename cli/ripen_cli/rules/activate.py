"""`ripen rules activate`: a yes to a version that waits."""

from __future__ import annotations

import click

from adapters.rules.approvals import Yes, approve
from ripen_cli import upload
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.identity import own_name
from ripen_cli.rules.report_lines import report_lines
from services.publishing import last_report


@click.command()
@click.argument("version")
@click.option("--as", "approver", help="Who says yes, for the report; the default is the name of your AWS identity.")
@click.option("--why", default="", help="The reason, which is kept in the history.")
@deployed
def activate(deployment: Deployment, version: str, approver: str | None, why: str) -> None:
    """Say yes to VERSION, which waits because of its effect on leads, and wait until it is live.

    VERSION is its number or its digest. `ripen rules status` shows the version that waits, and why. The yes counts for
    the rules that are live now.
    """
    bucket = deployment.rules_bucket
    report = last_report(bucket)
    waiting = report["version"] if report.get("waits") else ""
    if not waiting or version not in (waiting, str(report.get("number", ""))):
        known = f"version {report.get('number', '')} ({waiting}) waits" if waiting else "no version waits for a yes"
        raise click.ClickException(f"version {version[:50]!r} does not wait for a yes; {known}")
    approve(bucket, waiting, report["live"]["version"], Yes(approver or own_name(), why))
    report = upload.wait_for_decision(bucket, waiting)
    click.echo("\n".join(report_lines(report)))
    if not report["activated"]:
        raise SystemExit(1)
