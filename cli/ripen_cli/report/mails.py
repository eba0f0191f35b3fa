"""`ripen report mails`: what became of each mail, from sent to the goal of its campaign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ripen.reports.mail_funnel import Funnel, SentMail, add_up, funnels_of
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.mail_sample import mails_of
from ripen_cli.reading import active_configuration
from ripen_cli.report.all_leads import of_each_lead
from ripen_cli.report.days import Days, chosen, report_options
from ripen_cli.report.markup import bars, document, table
from ripen_cli.report.output import show
from ripen_cli.report.tables import as_text, idle_text

_DAYS = 90
_HEAD = ("mail", "campaign", *Funnel._fields)
_OF_SENT = ("delivered", "bounced", "goal")
"""Stages whose rate is a share of the mails sent; the others are shares of the mails delivered."""


@click.command()
@report_options(_DAYS)
@deployed
def mails(
    deployment: Deployment, first: datetime | None, last: datetime | None, as_json: bool, html: Path | None
) -> None:
    """Show what became of each mail that was sent on these days, with rates: delivered, opened, clicked, goal and more.

    The command reads and folds every lead; it reports its progress on standard error.
    """
    moment = now()
    active = active_configuration(deployment)
    days = chosen(first, last, _DAYS, moment, active.configuration.mailing.timezone)
    total = add_up(
        of_each_lead(
            deployment.table,
            active,
            moment,
            lambda lead, events: funnels_of(lead, events, days.since, days.until),
        )
    )
    found = dict(sorted(total.items(), key=lambda row: (-row[1].sent, row[0])))
    sent = {key.mail for key in found}
    named = (name for one in active.configuration.campaigns.values() for name in mails_of(one))
    idle = sorted({*named} - sent)
    show(
        html,
        page=lambda: _page(found, idle, days),
        values=lambda: {"from": str(days.first), "to": str(days.last), "mails": [_row(*one) for one in found.items()]},
        text=lambda: "\n\n".join(_text(found, idle, days)),
        as_json=as_json,
    )


def rate(funnel: Funnel, stage: str) -> float | None:
    """The share (0 to 1) of mails that reached a stage; None if there is nothing to divide by."""
    whole = funnel.sent if stage in _OF_SENT else funnel.delivered
    return getattr(funnel, stage) / whole if whole else None


def _row(key: SentMail, funnel: Funnel) -> dict[str, Any]:
    rates = {stage: rate(funnel, stage) for stage in Funnel._fields[1:]}
    return {**key._asdict(), **funnel._asdict(), "rates": {name: one and round(one, 4) for name, one in rates.items()}}


def _cells(key: SentMail, funnel: Funnel) -> list[Any]:
    return [*key, funnel.sent, *(_counted(funnel, stage) for stage in Funnel._fields[1:])]


def _counted(funnel: Funnel, stage: str) -> str:
    share = rate(funnel, stage)
    return f"{getattr(funnel, stage)}" + (f" ({100 * share:.0f} %)" if share else "")


def _text(found: Mapping[SentMail, Funnel], idle: Sequence[str], days: Days) -> Iterator[str]:
    yield f"Mails that were sent {days}"
    yield as_text(_HEAD, [_cells(*one) for one in found.items()])
    if idle:
        yield idle_text("mails", "sent to nobody", idle)


def _page(found: Mapping[SentMail, Funnel], idle: Sequence[str], days: Days) -> str:
    whole = Funnel()
    for funnel in found.values():
        whole = whole.plus(funnel)
    stages = ("sent", "delivered", "opened", "clicked", "goal")
    parts = [
        "<h2>What became of the mails</h2>",
        bars([(stage, getattr(whole, stage)) for stage in stages], "mails by stage"),
        "<h2>Each mail</h2>",
        table(_HEAD, [_cells(*one) for one in found.items()]),
        f"<p>{idle_text('mails', 'sent to nobody', idle)}</p>" if idle else "",
        "<p>Rates of delivered, bounced and goal are shares of the mails sent, the others of the mails delivered.</p>",
    ]
    return document(f"Mails, {days}", {name: getattr(whole, name) for name in Funnel._fields}, parts)
