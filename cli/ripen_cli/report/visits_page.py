"""The report of visits as one HTML page."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import Any

from ripen_cli.report.markup import Column, bars, columns, document, table
from ripen_cli.report.reading import Report
from ripen_cli.report.tables import (
    PAGE_HEAD,
    campaign_cells,
    campaign_head,
    day_head,
    day_rows,
    page_cells,
    provisional_text,
)


def page(found: Report) -> str:
    """The complete HTML page: what came, from where, and what became of it."""
    total, campaigns, pages = found.sums(), found.campaigns(), found.pages()
    conversions = {found.title(name): count for name, count in total["conversions"].items()}
    numbers = {"visits": total["visits"], "leads": total["known"], "page views": total["views"], **conversions}
    results = {name: sum(row["conversions"].get(name, 0) for row in campaigns) for name in found.conversions}
    parts = [
        "<h2>What came: visits a day</h2>",
        columns([_column(row) for row in found.rows_by_day()], "visits"),
        f"<p>{escape(provisional_text(found))}</p>",
        table(day_head(found), day_rows(found)),
        "<h2>From where: campaigns and other sources</h2>",
        bars([(_name(row), row["visits"]) for row in campaigns], "visits"),
        table(campaign_head(found), [campaign_cells(found, row) for row in campaigns]),
        "<h2>What became of it: leads and conversions</h2>",
        bars([("leads", total["known"]), *((found.title(name), count) for name, count in results.items())], "results"),
        bars([(f"leads from {_name(row)}", row["known"]) for row in _by_leads(campaigns)], "leads"),
        "<h2>What was read: pages</h2>",
        bars([(row["path"], row["views"]) for row in pages], "views"),
        table(PAGE_HEAD, [page_cells(row) for row in pages]),
    ]
    return document(f"Visits, {found.days}", numbers, parts)


def _by_leads(campaigns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(campaigns, key=lambda row: -row["known"])


def _column(row: dict[str, Any]) -> Column:
    day = date.fromisoformat(row["day"])
    return Column(f"{day:%a %d %b %Y}", f"{day:%d %b}", row["visits"], row["provisional"])


def _name(row: dict[str, Any]) -> str:
    return " / ".join(row[part] for part in ("source", "medium", "campaign", "content") if row[part]) or row["channel"]
