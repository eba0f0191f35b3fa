"""A report as one HTML page that needs nothing else: tables, and charts in SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from ripen_cli.report.reading import Report
from ripen_cli.report.tables import PAGE_HEAD, campaign_cells, campaign_head, page_cells

_WIDTH, _HEIGHT = 900, 160
_BARS = 12
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1, h2 { font-weight: 600; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid #ddd; white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg rect { fill: #4a7c2c; } svg text { font-size: 12px; fill: #444; }
.figures { display: flex; gap: 2.5rem; flex-wrap: wrap; } .figures b { display: block; font-size: 1.8rem; }
"""


def page(found: Report) -> str:
    """The whole page, for a browser."""
    told = found.as_json()
    total, days = told["total"], told["days"]
    span = f"{days[0]['day']} to {days[-1]['day']} (UTC)"
    campaigns, pages = told["campaigns"], told["pages"]
    numbers = {"visits": total["visits"], "leads": total["known"], "page views": total["views"], **total["conversions"]}
    figures = "".join(f"<span><b>{value}</b>{escape(name)}</span>" for name, value in numbers.items())
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>Ripen: {span}</title><style>{_STYLE}</style></head><body>",
            f'<h1>{span}</h1><p class="figures">{figures}</p>',
            "<h2>Visits a day</h2>",
            _columns([(row["day"], row["visits"]) for row in days]),
            "<h2>Campaigns</h2>",
            _bars([(_name(row), row["visits"]) for row in campaigns]),
            _table(campaign_head(found), [campaign_cells(found, row) for row in campaigns]),
            "<h2>Pages</h2>",
            _bars([(row["path"], row["views"]) for row in pages]),
            _table(PAGE_HEAD, [page_cells(row) for row in pages]),
            "</body></html>",
        ]
    )


def _name(row: dict[str, Any]) -> str:
    return " / ".join(row[part] for part in ("source", "medium", "campaign", "content") if row[part]) or row["channel"]


def _columns(values: Sequence[tuple[str, int]]) -> str:
    """A column for each day."""
    most = max((value for _, value in values), default=0) or 1
    step = _WIDTH / max(len(values), 1)
    bars = "".join(
        f'<rect x="{n * step + 1:.1f}" y="{_HEIGHT * (1 - value / most):.1f}" width="{max(step - 2, 1):.1f}" '
        f'height="{_HEIGHT * value / most:.1f}"><title>{escape(name)}: {value}</title></rect>'
        for n, (name, value) in enumerate(values)
    )
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="visits a day">{bars}</svg>'


def _bars(values: Sequence[tuple[str, int]]) -> str:
    """A bar for each of the largest."""
    shown = [(name, value) for name, value in values if value][:_BARS]
    most = max((value for _, value in shown), default=1)
    bars = "".join(
        f'<text x="0" y="{n * 22 + 15}">{escape(name[:44])}</text>'
        f'<rect x="310" y="{n * 22 + 3}" width="{530 * value / most:.1f}" height="16"></rect>'
        f'<text x="{316 + 530 * value / most:.1f}" y="{n * 22 + 15}">{value}</text>'
        for n, (name, value) in enumerate(shown)
    )
    return f'<svg viewBox="0 0 {_WIDTH} {22 * len(shown) + 4}" role="img" aria-label="the largest">{bars}</svg>'


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    numbers = [bool(rows) and all(isinstance(row[n], int) for row in rows) for n in range(len(head))]
    lines = [
        "".join(
            f"<{tag}{' class=n' if number else ''}>{escape(str(cell))}</{tag}>"
            for cell, number in zip(row, numbers, strict=True)
        )
        for tag, row in [("th", head), *(("td", row) for row in rows)]
    ]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
