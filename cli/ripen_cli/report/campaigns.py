"""`ripen report campaigns`: results of campaigns, and their uplift over the control group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from ripen.reports.uplift import Effect, GroupResult, add_up, effects_of
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.reading import active_configuration
from ripen_cli.report.achieved import Achieved
from ripen_cli.report.all_leads import of_each_lead
from ripen_cli.report.campaigns_page import page
from ripen_cli.report.days import Days, chosen, report_options
from ripen_cli.report.output import show
from ripen_cli.report.tables import EFFECT_HEAD, STEP_HEAD, as_text, effect_cells, idle_text, step_rows

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
    active = active_configuration(deployment)
    days = chosen(first, last, _DAYS, moment, active.configuration.mailing.timezone)
    total = add_up(
        of_each_lead(
            deployment.table,
            active,
            moment,
            lambda lead, events: effects_of(lead, events, days.since, days.until),
        )
    )
    nothing = Effect(GroupResult(), GroupResult(), Counter(), Counter())
    achieved = [
        Achieved(name, campaign.title, campaign.goal is not None, total.get(name, nothing))
        for name, campaign in active.configuration.campaigns.items()
    ]
    found = sorted(achieved, key=lambda one: -one.effect.treated.starts - one.effect.control.starts)
    show(
        html,
        page=lambda: page(found, days),
        values=lambda: {"from": str(days.first), "to": str(days.last), "campaigns": [one.as_json() for one in found]},
        text=lambda: "\n\n".join(_text(found, days)),
        as_json=as_json,
    )


def _text(found: Sequence[Achieved], days: Days) -> Iterator[str]:
    yield f"Campaigns that started {days}"
    yield as_text(EFFECT_HEAD, [effect_cells(one) for one in found if one.started])
    if idle := [one.name for one in found if not one.started]:
        yield idle_text("campaigns", "started for nobody", idle)
    for one in found:
        if verdict := one.verdict():
            yield f"{one.name} and its control group: {verdict}\n{one.numbers()}".rstrip()
    if rows := step_rows(found):
        yield as_text(STEP_HEAD, rows)
