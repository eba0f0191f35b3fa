"""Parts of a self-contained HTML report: tables, and charts made of HTML, whose labels wrap on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

_BARS = 12
_LABELS = 7
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem; color: #222; }
h1 { font-size: 1.5rem; } h1, h2 { font-weight: 600; line-height: 1.25; } h2 { margin-top: 2.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .25rem .6rem .25rem 0; text-align: left; border-bottom: 1px solid #ddd; vertical-align: top; }
th, td { overflow-wrap: anywhere; min-width: 4.5rem; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; min-width: 0; }
.figures { display: flex; gap: .8rem 2rem; flex-wrap: wrap; } .figures b { display: block; font-size: 1.6rem; }
figure { margin: 0 0 1rem; } ol { list-style: none; margin: 0; padding: 0; }
.plot { display: grid; grid-template-columns: auto 1fr; gap: 0 .4rem; padding-top: .6rem; }
.axis { display: flex; flex-direction: column; justify-content: space-between; text-align: right; font-size: .8rem; }
.axis li { line-height: 0; } .axis, .plot time { color: #555; }
.columns { display: flex; height: 10rem; border: solid #888; border-width: 0 0 1px 1px; margin-bottom: 1.6rem; }
.columns li { flex: 1; position: relative; display: flex; align-items: flex-end; min-width: 0; }
.columns li:hover { background: #eef3ea; }
.columns i { width: 100%; margin: 0 8%; background: #4a7c2c; }
.columns .provisional i { background: repeating-linear-gradient(45deg, #4a7c2c 0 3px, #a9c795 3px 6px); }
.columns time { position: absolute; top: 100%; left: 0; font-size: .8rem; white-space: nowrap; }
.bars li { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: .8rem; align-items: center; }
.bars li { padding: .15rem 0; } .bars span { overflow-wrap: anywhere; line-height: 1.25; }
.bars div { position: relative; display: flex; align-items: center; gap: .4rem; padding-right: 4rem; }
.bars i { background: #4a7c2c; height: 1rem; flex: none; max-width: 100%; } .bars b { white-space: nowrap; }
.bars u { position: absolute; height: 2px; background: #222; }
details { margin: .6rem 0; } summary { cursor: pointer; }
"""


class Column(NamedTuple):
    """One column of a chart: its full name, a short label for the axis, its value, and if it may still grow."""

    name: str
    label: str
    value: int
    provisional: bool = False


def document(title: str, figures: Mapping[str, int], parts: Sequence[str]) -> str:
    """The complete HTML page: a title, named figures, and parts in HTML."""
    shown = "".join(f"<span><b>{value}</b>{escape(name)}</span>" for name, value in figures.items())
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Ripen: {escape(title)}</title><style>{_STYLE}</style></head><body>",
            f'<h1>{escape(title)}</h1><p class="figures">{shown}</p>',
            *parts,
            "</body></html>",
        ]
    )


def columns(values: Sequence[Column], unit: str) -> str:
    """A column chart with axes. A column tells its name and value when pointed at."""
    top = _round_up(max((one.value for one in values), default=0))
    every = -(-len(values) // _LABELS) or 1
    drawn = "".join(_column(one, 100 * one.value / top, unit, labelled=n % every == 0) for n, one in enumerate(values))
    axis = "".join(f"<li>{value:g}</li>" for value in (top, top / 2, 0))
    label = f'role="img" aria-label="{escape(unit)}; the table below has the values"'
    return f'<figure class="plot" {label}><ol class="axis">{axis}</ol><ol class="columns">{drawn}</ol></figure>'


def _column(one: Column, percent: float, unit: str, *, labelled: bool) -> str:
    provisional = ' class="provisional"' if one.provisional else ""
    told = f"{one.name}: {one.value} {unit}{' (provisional)' if one.provisional else ''}"
    label = f"<time>{escape(one.label)}</time>" if labelled else ""
    return f'<li title="{escape(told)}"{provisional}><i style="height:{percent:.1f}%"></i>{label}</li>'


def _round_up(most: int) -> int:
    """The smallest of 2, 4, 10, 20, 40, 100, ... that is not below `most`, so that its half is a whole number."""
    power = 1
    while True:
        for step in (2, 4, 10):
            if step * power >= most:
                return step * power
        power *= 10


def bars(values: Sequence[tuple[str, int]], unit: str) -> str:
    """A bar chart of the first values that are not zero."""
    shown = [(name, value) for name, value in values if value][:_BARS]
    most = max((value for _, value in shown), default=1)
    drawn = "".join(
        f'<li title="{escape(f"{name}: {value} {unit}")}"><span>{escape(name)}</span>'
        f'<div><i style="width:{100 * value / most:.1f}%"></i><b>{value}</b></div></li>'
        for name, value in shown
    )
    return f'<ol class="bars">{drawn}</ol>' if shown else f"<p>No {escape(unit)}.</p>"


def intervals(values: Sequence[tuple[str, float, float, float]]) -> str:
    """A bar per share (0 to 1), with a line for its confidence interval."""
    scale = 100 / (max((high for _, _, _, high in values), default=0) or 1)
    drawn = "".join(
        f'<li title="{escape(f"{name}: {100 * part:.1f} % (95 %: {100 * low:.1f} to {100 * high:.1f})")}">'
        f"<span>{escape(name)} <b>{100 * part:.1f} %</b></span>"
        f'<div style="padding:0"><i style="width:{scale * part:.1f}%"></i>'
        f'<u style="left:{scale * low:.1f}%;width:{scale * (high - low):.1f}%"></u></div></li>'
        for name, part, low, high in values
    )
    return f'<ol class="bars">{drawn}</ol>'


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """An HTML table; columns that contain only numbers, alone or with a rate, are right-aligned."""
    numbers = [bool(rows) and all(_is_number(row[n]) for row in rows) for n in range(len(head))]
    lines = [
        "".join(
            f"<{tag}{' class=n' if number and tag == 'td' else ''}>{escape(str(cell))}</{tag}>"
            for cell, number in zip(row, numbers, strict=True)
        )
        for tag, row in [("th", head), *(("td", row) for row in rows)]
    ]
    return '<div class="scroll"><table>' + "".join(f"<tr>{line}</tr>" for line in lines) + "</table></div>"


def folded(summary: str, inner: str) -> str:
    """A part that opens when its summary is clicked."""
    return f"<details><summary>{escape(summary)}</summary>{inner}</details>"


def _is_number(cell: object) -> bool:
    return isinstance(cell, int) or (isinstance(cell, str) and cell.endswith("%)"))
