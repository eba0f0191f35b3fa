"""The report of visits as one HTML page."""

from __future__ import annotations

from typing import Any

from ripen_cli.report.markup import bars, columns, document, table
from ripen_cli.report.reading import Report
from ripen_cli.report.tables import PAGE_HEAD, campaign_cells, campaign_head, page_cells


def page(found: Report) -> str:
    """The complete HTML page."""
    told = found.as_json()
    total, days = told["total"], told["days"]
    campaigns, pages = told["campaigns"], told["pages"]
    numbers = {"visits": total["visits"], "leads": total["known"], "page views": total["views"], **total["conversions"]}
    parts = [
        "<h2>Visits a day</h2>",
        columns([(row["day"], row["visits"]) for row in days]),
        "<h2>Campaigns</h2>",
        bars([(_name(row), row["visits"]) for row in campaigns]),
        table(campaign_head(found), [campaign_cells(found, row) for row in campaigns]),
        "<h2>Pages</h2>",
        bars([(row["path"], row["views"]) for row in pages]),
        table(PAGE_HEAD, [page_cells(row) for row in pages]),
    ]
    return document(f"{days[0]['day']} to {days[-1]['day']} (UTC)", numbers, parts)


def _name(row: dict[str, Any]) -> str:
    return " / ".join(row[part] for part in ("source", "medium", "campaign", "content") if row[part]) or row["channel"]
