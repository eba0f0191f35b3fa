"""The days of a report in the company's time zone, and the options common to all reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import click

from ripen.times import SECOND

Command = Callable[..., None]


class Days(NamedTuple):
    """Days from `first` to `last`, both included, in a time zone; a day with a clock change has 23 or 25 hours."""

    first: date
    last: date
    zone: ZoneInfo = ZoneInfo("UTC")

    @property
    def since(self) -> int:
        """The start of the first day (milliseconds)."""
        return self._start(self.first)

    @property
    def until(self) -> int:
        """The end of the last day (milliseconds, exclusive)."""
        return self._start(self.last + timedelta(days=1))

    def each(self) -> Iterator[tuple[date, int, int]]:
        """Each day with its start and its end (milliseconds, exclusive)."""
        for n in range((self.last - self.first).days + 1):
            day = self.first + timedelta(days=n)
            yield day, self._start(day), self._start(day + timedelta(days=1))

    def local(self, moment: int) -> str:
        """The time of a moment (milliseconds) in the time zone, such as `2026-03-02 09:30`."""
        return f"{datetime.fromtimestamp(moment / SECOND, self.zone):%Y-%m-%d %H:%M}"

    def __str__(self) -> str:
        return f"{self.first} to {self.last} ({self.zone})"

    def _start(self, day: date) -> int:
        return round(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()) * SECOND


def report_options(days: int) -> Callable[[Command], Command]:
    """Options for the first and last day (default: the last `days` days) and for the output format."""

    def add(command: Command) -> Command:
        path = click.Path(dir_okay=False, path_type=Path)
        command = click.option("--html", type=path, help="Write a page with charts to this file.")(command)
        command = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)
        kind = click.DateTime(["%Y-%m-%d"])
        command = click.option("--to", "--until", "last", type=kind, help="Last day; the default is today.")(command)
        told = f"First day, in the time zone of mailing.yaml; the default is {days} days ago."
        return click.option("--from", "--since", "first", type=kind, help=told)(command)

    return add


def chosen(first: datetime | None, last: datetime | None, days: int, now: int, timezone: str = "UTC") -> Days:
    """The days selected by the options at `now` (milliseconds). Raises click.UsageError."""
    zone = ZoneInfo(timezone)
    until = last.date() if last else datetime.fromtimestamp(now / SECOND, zone).date()
    since = first.date() if first else until - timedelta(days=days - 1)
    if since > until:
        raise click.UsageError(f"--from {since} is after --to {until}")
    return Days(since, until, zone)
