"""`ripen report visits`: text tables, JSON, or an HTML page with charts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from adapters.rules.active import stored
from ripen.config.configuration import ActiveConfiguration
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.report.days import chosen, report_options
from ripen_cli.report.output import show
from ripen_cli.report.reading import Report, read
from ripen_cli.report.tables import (
    PAGE_HEAD,
    as_text,
    campaign_cells,
    campaign_head,
    day_head,
    day_rows,
    page_cells,
    provisional_text,
)
from ripen_cli.report.visits_page import page

_DAYS = 28


@click.command()
@report_options(_DAYS)
@deployed
def visits(
    deployment: Deployment, first: datetime | None, last: datetime | None, as_json: bool, html: Path | None
) -> None:
    """Show visits by day, visits, leads and conversions by campaign, and views, dwell time and exits by page."""
    moment = now()
    active = stored(deployment.rules_bucket)
    days = chosen(first, last, _DAYS, moment, active.configuration.mailing.timezone if active else "UTC")
    found = read(deployment.table, days, moment, _titles(active))
    show(html, page=lambda: page(found), values=found.as_json, text=lambda: _text(found), as_json=as_json)


def _titles(active: ActiveConfiguration | None) -> dict[str, str]:
    return {name: one.title for name, one in active.configuration.conversions.items()} if active else {}


def _text(found: Report) -> str:
    total, rows = found.sums(), day_rows(found)
    parts = [
        f"{found.days}: {total['visits']} visits, {total['known']} leads, {total['views']} page views",
        provisional_text(found),
        f"WHAT CAME\n{as_text(day_head(found), rows, len(rows))}",
        "FROM WHERE, AND WHAT BECAME OF IT\n"
        + as_text(campaign_head(found), [campaign_cells(found, row) for row in found.campaigns()]),
        f"WHAT WAS READ\n{as_text(PAGE_HEAD, [page_cells(row) for row in found.pages()])}",
    ]
    return "\n\n".join(part for part in parts if part)
