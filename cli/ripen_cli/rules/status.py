"""`ripen rules status`: what is live, and what became of the last upload."""

from __future__ import annotations

import click

from adapters.rules.rehearsals import rehearsal_of
from adapters.store.reconciliation import load_scans
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.rules.history import truth_lines
from ripen_cli.rules.report_lines import report_lines
from ripen_cli.scan_progress import describe
from services.publishing import last_report


@click.command()
@deployed
def status(deployment: Deployment) -> None:
    """Show what is live, since when and by whom, what became of the last upload, and the progress of folding leads.

    Times are UTC.
    """
    bucket = deployment.rules_bucket
    report = last_report(bucket)
    live = report.get("live")
    rehearsed = rehearsal_of(bucket, live["version"]) if live else None
    click.echo("\n".join([*report_lines(report), *truth_lines(rehearsed)]))
    refold = load_scans(deployment.table).get("refold")
    told = (
        describe(refold, deployment.table) if refold else "No version has been detected yet; that takes up to a minute."
    )
    click.echo(f"Leads: {told}")
