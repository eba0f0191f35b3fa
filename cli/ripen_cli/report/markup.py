"""Parts of a self-contained HTML report: tables, and charts in SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 900, 160
_BARS = 12
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem; color: #222; }
h1, h2 { font-weight: 600; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; display: block; overflow-x: auto; }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid #ddd; white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg rect { fill: #4a7c2c; } svg path { stroke: #222; fill: none; }
svg text { font-size: 12px; fill: #444; }
.figures { display: flex; gap: 2.5rem; flex-wrap: wrap; } .figures b { display: block; font-size: 1.8rem; }
"""


def document(title: str, figures: Mapping[str, int], parts: Sequence[str]) -> str:
    """The complete HTML page: a title, named figures, and parts in HTML."""
    shown = "".join(f"<span><b>{value}</b>{escape(name)}</span>" for name, value in figures.items())
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>Ripen: {escape(title)}</title><style>{_STYLE}</style></head><body>",
            f'<h1>{escape(title)}</h1><p class="figures">{shown}</p>',
            *parts,
            "</body></html>",
        ]
    )


def columns(values: Sequence[tuple[str, int]]) -> str:
    """A column chart with one column per day."""
    most = max((value for _, value in values), default=0) or 1
    step = _WIDTH / max(len(values), 1)
    drawn = "".join(
        f'<rect x="{n * step + 1:.1f}" y="{_HEIGHT * (1 - value / most):.1f}" width="{max(step - 2, 1):.1f}" '
        f'height="{_HEIGHT * value / most:.1f}"><title>{escape(name)}: {value}</title></rect>'
        for n, (name, value) in enumerate(values)
    )
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="visits a day">{drawn}</svg>'


def bars(values: Sequence[tuple[str, int]]) -> str:
    """A bar chart of the first values that are not zero."""
    shown = [(name, value) for name, value in values if value][:_BARS]
    most = max((value for _, value in shown), default=1)
    drawn = "".join(
        f'<text x="0" y="{n * 22 + 15}">{escape(name[:44])}</text>'
        f'<rect x="310" y="{n * 22 + 3}" width="{530 * value / most:.1f}" height="16"></rect>'
        f'<text x="{316 + 530 * value / most:.1f}" y="{n * 22 + 15}">{value}</text>'
        for n, (name, value) in enumerate(shown)
    )
    return f'<svg viewBox="0 0 {_WIDTH} {22 * len(shown) + 4}" role="img" aria-label="the largest">{drawn}</svg>'


def intervals(values: Sequence[tuple[str, float, float, float]]) -> str:
    """A bar per share (0 to 1), with a line for its confidence interval."""
    scale = 600 / (max((high for _, _, _, high in values), default=0) or 1)
    drawn = "".join(
        f'<text x="0" y="{n * 28 + 17}">{escape(name[:44])}</text>'
        f'<rect x="160" y="{n * 28 + 4}" width="{scale * part:.1f}" height="18"></rect>'
        f'<path d="M{160 + scale * low:.1f} {n * 28 + 8} v10 m0 -5 H{160 + scale * high:.1f} m0 -5 v10"></path>'
        f'<text x="{170 + scale * high:.1f}" y="{n * 28 + 17}">{100 * part:.1f} %</text>'
        for n, (name, part, low, high) in enumerate(values)
    )
    return f'<svg viewBox="0 0 {_WIDTH} {28 * len(values) + 4}" role="img" aria-label="shares">{drawn}</svg>'


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """An HTML table; columns that contain only integers are right-aligned."""
    numbers = [bool(rows) and all(isinstance(row[n], int) for row in rows) for n in range(len(head))]
    lines = [
        "".join(
            f"<{tag}{' class=n' if number else ''}>{escape(str(cell))}</{tag}>"
            for cell, number in zip(row, numbers, strict=True)
        )
        for tag, row in [("th", head), *(("td", row) for row in rows)]
    ]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
