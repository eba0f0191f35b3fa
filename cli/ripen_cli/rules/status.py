"""`ripen rules status`: what is live, and what became of the last upload."""

from __future__ import annotations

import click

from adapters.store.reconciliation import load_scans
from ripen_cli.deployment import Deployment, deployed
from ripen_cli.rules.report_lines import report_lines
from ripen_cli.scan_progress import describe
from services.publishing import last_report


@click.command()
@deployed
def status(deployment: Deployment) -> None:
    """Show what is live, since when and by whom, what became of the last upload, and the progress of folding leads.

    Times are UTC.
    """
    click.echo("\n".join(report_lines(last_report(deployment.rules_bucket))))
    refold = load_scans(deployment.table).get("refold")
    told = (
        describe(refold, deployment.table) if refold else "No version has been detected yet; that takes up to a minute."
    )
    click.echo(f"Leads: {told}")
