"""`ripen report`: the group of all reports; what it shows by itself are visits."""

from __future__ import annotations

import click

from ripen_cli.report.campaigns import campaigns
from ripen_cli.report.visits import visits


class _Reports(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options that no report is named before are those of `visits`."""
        first = args[0] if args else "-"
        named = not first.startswith("-") or first == "--help"
        return super().parse_args(ctx, args if named else ["visits", *args])


@click.group(cls=_Reports)
def report() -> None:
    """Show what came of visits and of campaigns; without a name, of visits."""


report.add_command(visits)
report.add_command(campaigns)
