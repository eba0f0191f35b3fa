"""The days of a report, and the options common to all reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click

from ripen.times import DAY, SECOND

Command = Callable[..., None]


class Days(NamedTuple):
    """Days (UTC) from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def since(self) -> int:
        """The start of the first day (milliseconds)."""
        return round(datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC).timestamp()) * SECOND

    @property
    def until(self) -> int:
        """The end of the last day (milliseconds, exclusive)."""
        return self.since + ((self.last - self.first).days + 1) * DAY

    def __str__(self) -> str:
        return f"{self.first} to {self.last} (UTC)"


def report_options(days: int) -> Callable[[Command], Command]:
    """Options for the first and last day (default: the last `days` days) and for the output format."""

    def add(command: Command) -> Command:
        path = click.Path(dir_okay=False, path_type=Path)
        command = click.option("--html", type=path, help="Write a page with charts to this file.")(command)
        command = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)
        kind = click.DateTime(["%Y-%m-%d"])
        command = click.option("--to", "--until", "last", type=kind, help="Last day (UTC); the default is today.")(
            command
        )
        told = f"First day (UTC); the default is {days} days ago."
        return click.option("--from", "--since", "first", type=kind, help=told)(command)

    return add


def chosen(first: datetime | None, last: datetime | None, days: int, now: int) -> Days:
    """The days selected by the options at `now` (milliseconds). Raises click.UsageError."""
    until = last.date() if last else datetime.fromtimestamp(now / SECOND, UTC).date()
    since = first.date() if first else until - timedelta(days=days - 1)
    if since > until:
        raise click.UsageError(f"--from {since} is after --to {until}")
    return Days(since, until)
