"""`ripen report sales`: handoffs, decisions and deals, how long they took, and what brought the deals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from adapters.reports.sales_page import page, sentence, tables, under_title
from ripen.config.configuration import Configuration
from ripen.fold.rules import compile_active
from ripen.reports.sales import Scope, add_up, sales_of
from ripen.reports.sales_values import values
from ripen.times import SECOND, parse_duration
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.reading import active_configuration
from ripen_cli.report.all_leads import of_each_lead
from ripen_cli.report.days import Days, chosen, report_options
from ripen_cli.report.output import show
from ripen_cli.report.tables import as_text

_DAYS = 90


def _duration(_context: click.Context, _option: click.Parameter, text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@report_options(_DAYS)
@click.option(
    "--overdue-after",
    "overdue_after",
    default="2d",
    show_default=True,
    callback=_duration,
    metavar="DURATION",
    help="A handoff without a decision is overdue after this time, such as 8h or 3d.",
)
@click.option("--language", type=click.Choice(["en", "de"]), default="en", show_default=True, help="Of the report.")
@deployed
def sales(
    deployment: Deployment,
    first: datetime | None,
    last: datetime | None,
    **options: Any,
) -> None:
    """Show handoffs, decisions and won deals on these days, how long they took, and what brought the deals.

    Every handoff and every decision counts on its own day. The command reads and folds every lead; it reports its
    progress on standard error.
    """
    moment = now()
    active = active_configuration(deployment)
    days = chosen(first, last, _DAYS, moment, active.configuration.mailing.timezone)
    rules = compile_active(active)
    scope = Scope(
        days.since,
        days.until,
        options["overdue_after"],
        rules.trusted,
        rules.ignored_referrers,
        lambda at: _week(days, at),
    )
    total = add_up(of_each_lead(deployment.table, active, moment, lambda lead, events: sales_of(lead, events, scope)))
    period = {"first": str(days.first), "last": str(days.last), "zone": str(days.zone)}
    told = values(total, period, _titles(active.configuration))
    language = options["language"]
    show(
        options["html"],
        page=lambda: page(told, language),
        values=lambda: told,
        text=lambda: "\n\n".join(_text(told, language)),
        as_json=options["as_json"],
    )


def _week(days: Days, at: int) -> str:
    year, week, _ = datetime.fromtimestamp(at / SECOND, days.zone).isocalendar()
    return f"{year}-W{week:02}"


def _titles(configuration: Configuration) -> Mapping[str, Mapping[str, str]]:
    reps = configuration.people.reps if configuration.people else {}
    return {
        "campaign": {name: one.title or name for name, one in configuration.campaigns.items()},
        "persona": {name: one.title or name for name, one in configuration.personas.items()},
        "rep": {name: rep.name for name, rep in reps.items()},
    }


def _text(told: Mapping[str, Any], language: str) -> Iterator[str]:
    yield f"{under_title(told, language)}\n{sentence(told, language)}"
    for table in tables(told, language):
        rows = [[cell.text for cell in row] for row in table.rows]
        note = f"{table.note}\n" if table.note else ""
        yield f"{table.title}\n{note}{as_text(table.head, rows)}"
