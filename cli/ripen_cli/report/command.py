"""The command group `ripen report`; its default command is `visits`."""

from __future__ import annotations

import click

from ripen_cli.report.campaigns import campaigns
from ripen_cli.report.mails import mails
from ripen_cli.report.sales import sales
from ripen_cli.report.visits import visits


class _Reports(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Pass options without a report name to `visits`."""
        first = args[0] if args else "-"
        named = not first.startswith("-") or first == "--help"
        return super().parse_args(ctx, args if named else ["visits", *args])


@click.group(cls=_Reports)
def report() -> None:
    """Report on visits, campaigns, mails and sales; the default is visits."""


report.add_command(visits)
report.add_command(campaigns)
report.add_command(mails)
report.add_command(sales)
