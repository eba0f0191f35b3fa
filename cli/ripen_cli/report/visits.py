"""`ripen report visits`: two text tables, JSON, or an HTML page with charts."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.report.days import Days, chosen, report_options
from ripen_cli.report.reading import Report, read
from ripen_cli.report.tables import PAGE_HEAD, as_text, campaign_cells, campaign_head, page_cells
from ripen_cli.report.visits_page import page

_DAYS = 28


@click.command()
@report_options(_DAYS)
@deployed
def visits(
    deployment: Deployment, first: datetime | None, last: datetime | None, as_json: bool, html: Path | None
) -> None:
    """Show visits, leads and conversions by campaign, and views, dwell time and exits by page."""
    moment = now()
    days = chosen(first, last, _DAYS, moment)
    found = read(deployment.table, days.first, days.last, moment)
    if html:
        html.write_text(page(found), encoding="utf-8")
        click.echo(f"Written: {html}")
    elif as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        click.echo(_text(found, days))


def _text(found: Report, days: Days) -> str:
    total = found.as_json()["total"]
    parts = [
        f"{days}: {total['visits']} visits, {total['known']} leads, {total['views']} page views",
        as_text(campaign_head(found), [campaign_cells(found, row) for row in found.campaigns()]),
        as_text(PAGE_HEAD, [page_cells(row) for row in found.pages()]),
    ]
    return "\n\n".join(parts)
