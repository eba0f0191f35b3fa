"""`ripen report`: two tables on the screen, JSON for other programs, or a page with charts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from ripen.times import SECOND
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.report.page import page
from ripen_cli.report.reading import Report, read
from ripen_cli.report.tables import PAGE_HEAD, campaign_cells, campaign_head, page_cells

_MOST_ROWS = 30
_DAYS = 28


@click.command()
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="First day (UTC); 28 days ago without it.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Last day (UTC); today without it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with charts to this file.")
@deployed
def report(
    deployment: Deployment, first: datetime | None, last: datetime | None, as_json: bool, html: Path | None
) -> None:
    """Show what campaigns and pages achieved: visits, leads and conversions; views, dwell time and exits."""
    moment = now()
    today = datetime.fromtimestamp(moment / SECOND, UTC).date()
    until = last.date() if last else today
    since = first.date() if first else until - timedelta(days=_DAYS - 1)
    if since > until:
        raise click.UsageError(f"--from {since} is after --to {until}")
    found = read(deployment.table, since, until, moment)
    if html:
        html.write_text(page(found), encoding="utf-8")
        click.echo(f"Written: {html}")
    elif as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        click.echo(_text(found, since, until))


def _text(found: Report, since: date, until: date) -> str:
    total = found.as_json()["total"]
    parts = [
        f"{since} to {until} (UTC): {total['visits']} visits, {total['known']} leads, {total['views']} page views",
        _table(campaign_head(found), [campaign_cells(found, row) for row in found.campaigns()]),
        _table(PAGE_HEAD, [page_cells(row) for row in found.pages()]),
    ]
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    shown = [list(head), *([str(cell) for cell in row] for row in rows[:_MOST_ROWS])]
    widths = [max(len(row[n]) for row in shown) for n in range(len(head))]
    lines = ["  ".join(_aligned(cell, width) for cell, width in zip(row, widths, strict=True)) for row in shown]
    more = len(rows) - _MOST_ROWS
    return "\n".join([*(line.rstrip() for line in lines), *([f"... and {more} more"] if more > 0 else [])])


def _aligned(cell: str, width: int) -> str:
    return cell.rjust(width) if cell.isdecimal() else cell.ljust(width)
