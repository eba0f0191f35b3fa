"""`ripen report campaigns`: results of campaigns, and their uplift over the control group."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.report.achieved import Achieved
from ripen_cli.report.campaigns_page import page
from ripen_cli.report.days import Days, chosen, report_options
from ripen_cli.report.effects import read
from ripen_cli.report.tables import EFFECT_HEAD, STEP_HEAD, as_text, effect_cells, step_rows

_DAYS = 90


@click.command()
@report_options(_DAYS)
@deployed
def campaigns(
    deployment: Deployment, first: datetime | None, last: datetime | None, as_json: bool, html: Path | None
) -> None:
    """Show results of campaigns for leads that started on these days: leads, goals, mails and uplift.

    The command reads and folds every lead; it reports its progress on standard error.
    """
    moment = now()
    days = chosen(first, last, _DAYS, moment)
    found = read(deployment, days, moment, lambda leads: click.echo(f"{leads} leads read", err=True))
    if html:
        html.write_text(page(found, days), encoding="utf-8")
        click.echo(f"Written: {html}")
    elif as_json:
        told = {"from": str(days.first), "to": str(days.last), "campaigns": [one.as_json() for one in found]}
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo("\n\n".join(_text(found, days)))


def _text(found: Sequence[Achieved], days: Days) -> Iterator[str]:
    yield f"Campaigns that started {days}"
    yield as_text(EFFECT_HEAD, [effect_cells(one) for one in found])
    for one in found:
        if verdict := one.verdict():
            yield f"{one.name} and its control group: {verdict}\n{one.numbers()}".rstrip()
    if rows := step_rows(found):
        yield as_text(STEP_HEAD, rows)
