"""Columns of the reports' tables, for text and HTML, and the layout as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ripen_cli.report.achieved import Achieved
from ripen_cli.report.reading import Report

PAGE_HEAD = ("page", "views", "seconds a view", "landings", "exits", "views without consent")

EFFECT_HEAD = (
    *("campaign", "leads", "starts", "under way", "goal", "left", "ended"),
    *("mails", "steps", "given up", "dropped", "control"),
)
STEP_HEAD = ("campaign", "step", "outcome", "times")

PROVISIONAL = "*"
"""Marks a day that has hours to come or not added up yet."""

_MOST_ROWS = 30


def as_text(head: Sequence[str], rows: Sequence[Sequence[Any]], most: int = _MOST_ROWS) -> str:
    """A text table with the first rows, and a line with the number of further rows."""
    shown = [list(head), *([str(cell) for cell in row] for row in rows[:most])]
    widths = [max(len(row[n]) for row in shown) for n in range(len(head))]
    lines = ["  ".join(_aligned(cell, width) for cell, width in zip(row, widths, strict=True)) for row in shown]
    more = len(rows) - most
    return "\n".join([*(line.rstrip() for line in lines), *([f"... and {more} more"] if more > 0 else [])])


def campaign_head(found: Report) -> tuple[str, ...]:
    """The column titles of the campaigns table."""
    names = ("channel", "source", "medium", "campaign", "content")
    return (*names, "visits", "new", "leads", *map(found.title, found.conversions), "views without consent")


def campaign_cells(found: Report, row: dict[str, Any]) -> list[Any]:
    """The cells of one campaign, in the order of `campaign_head`."""
    names = [row[name] for name in ("channel", "source", "medium", "campaign", "content")]
    conversions = [row["conversions"].get(name, 0) for name in found.conversions]
    return [*names, row["visits"], row["first"], _part(row), *conversions, row["views_without_consent"]]


def day_head(found: Report) -> tuple[str, ...]:
    """The column titles of the table of days."""
    return ("day", "visits", "new", "leads", *map(found.title, found.conversions), "page views")


def day_rows(found: Report) -> list[list[Any]]:
    """The rows of the table of days; days in a row on which nothing came are one row."""
    rows: list[list[Any]] = []
    quiet: list[str] = []
    for row in found.rows_by_day():
        conversions = [row["conversions"].get(name, 0) for name in found.conversions]
        cells = [row["visits"], row["first"], row["known"], *conversions, row["views"]]
        if any(cells):
            rows += _quiet_rows(quiet, len(cells))
            quiet = []
            rows.append([row["day"] + (PROVISIONAL if row["provisional"] else ""), *cells])
        else:
            quiet.append(row["day"] + (PROVISIONAL if row["provisional"] else ""))
    return rows + _quiet_rows(quiet, len(day_head(found)) - 1)


def _quiet_rows(days: Sequence[str], columns: int) -> list[list[Any]]:
    name = f"{days[0]} to {days[-1]}" if len(days) > 1 else "".join(days)
    return [[name, *[0] * columns]] if days else []


def provisional_text(found: Report) -> str:
    """A sentence on the hours that are not added up yet; empty if there are none."""
    since = found.provisional_since
    return f"Provisional from {found.days.local(since)} on: these hours may still grow." if since is not None else ""


def idle_text(things: str, what: str, names: Sequence[str]) -> str:
    """A line in place of rows of zeroes."""
    return f"{len(names)} {things} {what}: {', '.join(names)}"


def _part(row: dict[str, Any]) -> str | int:
    """The leads of a campaign, with their share of its visits."""
    share = f" ({100 * row['known'] / row['visits']:.0f} %)" if row["known"] and row["visits"] else ""
    return f"{row['known']}{share}" if share else row["known"]


def page_cells(row: dict[str, Any]) -> list[Any]:
    """The cells of one page, in the order of PAGE_HEAD."""
    dwell = round(row["seconds"] / row["views"]) if row["views"] else 0
    return [row["path"], row["views"], dwell, row["landings"], row["exits"], row["views_without_consent"]]


def effect_cells(one: Achieved) -> list[Any]:
    """The cells of one campaign, in the order of EFFECT_HEAD."""
    effect = one.effect
    steps = [effect.times("Email Sent"), one.done, effect.times("given up"), effect.times("dropped")]
    return [one.name, effect.leads(control=False), *effect.treated, *steps, effect.leads(control=True)]


def step_rows(found: Sequence[Achieved]) -> list[list[Any]]:
    """The rows of all steps, in the order of STEP_HEAD."""
    return [[one.name, *row] for one in found for row in one.steps]


def _aligned(cell: str, width: int) -> str:
    return cell.rjust(width) if cell.isdecimal() or cell.endswith("%)") else cell.ljust(width)
