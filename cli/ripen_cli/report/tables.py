"""Columns of a report, the same on the screen and on a page."""

from __future__ import annotations

from typing import Any

from ripen_cli.report.reading import Report

PAGE_HEAD = ("page", "views", "seconds a view", "landings", "exits", "views without consent")


def campaign_head(found: Report) -> tuple[str, ...]:
    """Column titles of the campaigns."""
    names = ("channel", "source", "medium", "campaign", "content")
    return (*names, "visits", "new", "leads", *found.conversions, "views without consent")


def campaign_cells(found: Report, row: dict[str, Any]) -> list[Any]:
    """One campaign's cells below `campaign_head`."""
    names = [row[name] for name in ("channel", "source", "medium", "campaign", "content")]
    conversions = [row["conversions"].get(name, 0) for name in found.conversions]
    return [*names, row["visits"], row["first"], row["known"], *conversions, row["views_without_consent"]]


def page_cells(row: dict[str, Any]) -> list[Any]:
    """One page's cells below PAGE_HEAD."""
    dwell = round(row["seconds"] / row["views"]) if row["views"] else 0
    return [row["path"], row["views"], dwell, row["landings"], row["exits"], row["views_without_consent"]]
