"""The report of sales in words and tables, and as one self-contained HTML page in English or German.

`values` are always those of `ripen.reports.sales_values.values`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from adapters.reports.sales_texts import REASONS_DE, TEXTS
from adapters.reports.sortable_page import render
from ripen.reports.attribution import MODELS
from ripen.reports.sales import FIGURES, GROUPS, NO_CURRENCY

_HOUR, _DAY = 60, 24 * 60
_ORDER = ("handoffs", "won", "value", *(figure for figure in FIGURES if figure not in ("handoffs", "won")))
"""The columns of a group, the most wanted first: a phone shows only some at a time."""

_LONG = 2
"""Up to so many hours or days, a time is told in the smaller unit."""


class Cell(NamedTuple):
    """The text of a cell, and the number by which it is sorted; None for a text."""

    text: str
    number: float | None = None


class Table(NamedTuple):
    """A part of the report: its key, title, note and explanations, and a table that begins with `words` texts a row."""

    key: str
    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    words: int = 1
    about: Sequence[str] = ()


class Column(NamedTuple):
    """A week in the chart: its name, two numbers, and their heights in percent."""

    name: str
    handoffs: int
    won: int
    high: float
    low: float


def sentence(values: Mapping[str, Any], language: str) -> str:
    """The report in one sentence."""
    return _Words(values, language).sentence()


def tables(values: Mapping[str, Any], language: str) -> list[Table]:
    """All parts of the report that have anything to tell."""
    return [*_Words(values, language).tables()]


def under_title(values: Mapping[str, Any], language: str) -> str:
    """The days of the report."""
    return TEXTS[language]["under"].format(**values["period"])


def page(values: Mapping[str, Any], language: str) -> str:
    """The complete HTML page."""
    words = _Words(values, language)
    return render(
        "sales.html",
        language=language,
        say=TEXTS[language],
        sentence=words.sentence(),
        under_title=under_title(values, language),
        figures=words.figures(),
        columns=words.columns(),
        tables=[*words.tables()],
    )


class _Words:
    def __init__(self, values: Mapping[str, Any], language: str) -> None:
        self.values, self.language, self.say = values, language, TEXTS[language]

    def sentence(self) -> str:
        total = self.values["total"]
        if not any(total[figure] for figure in FIGURES):
            return self.say["no_sales"]
        worth = self._worth(total["value"])
        value = self.say["with_value"].format(value=worth) if worth else ""
        handoffs, won = self._whole(total["handoffs"]), self._whole(total["won"])
        return self.say["sentence"].format(handoffs=handoffs, won=won, value=value)

    def figures(self) -> list[tuple[str, str]]:
        return [(self.say[figure], self._whole(self.values["total"][figure])) for figure in FIGURES]

    def columns(self) -> list[Column]:
        weeks = self.values["groups"]["week"]
        most = max((row[figure] for row in weeks for figure in ("handoffs", "won")), default=0) or 1
        return [
            Column(row["title"], row["handoffs"], row["won"], 100 * row["handoffs"] / most, 100 * row["won"] / most)
            for row in weeks
        ]

    def tables(self) -> Iterator[Table]:
        total = self.values["total"]
        if any(one["handoffs"] for one in self.values["times"].values()) or total["open"]:
            yield self._times()
        for group in GROUPS:
            if rows := self.values["groups"][group]:
                yield self._group(group, rows)
        if rows := self.values["reasons"]:
            yield self._reasons(rows)
        units = dict.fromkeys(row["unit"] for row in self.values["attribution"])
        about = [self.say[f"about_{name}"] for name in (*MODELS, "direct")]
        for n, unit in enumerate(units):
            yield self._attribution(unit, [] if n else about)

    def _times(self) -> Table:
        say, total = self.say, self.values["total"]
        note = say["times_note"].format(open=self._whole(total["open"]), overdue=self._whole(total["overdue"]))
        rows = [
            [
                Cell(say[name]),
                Cell(self._whole(times["handoffs"]), times["handoffs"]),
                *(Cell(self._time(times[key]), times[key]) for key in ("median", "p90")),
            ]
            for name, times in self.values["times"].items()
        ]
        return Table("times", say["times"], note, [say[one] for one in ("what", "handoffs", "median", "p90")], rows)

    def _group(self, group: str, rows: Sequence[Mapping[str, Any]]) -> Table:
        total = self.values["total"]
        shown = [figure for figure in _ORDER if total[figure] or (figure == "value" and total["value"])]
        cells = [[Cell(row["title"] or self.say["none"]), *(self._figure(row, one) for one in shown)] for row in rows]
        head = [self.say["name"], *(self.say[figure] for figure in shown)]
        if "value" in shown and (currency := self._only_currency()):
            head[1 + shown.index("value")] += f" {currency}"
        return Table(group, self.say[group], self.say.get(f"{group}_note", ""), head, cells)

    def _only_currency(self) -> str:
        """The currency of all deals; empty if they have several, or none."""
        units = [*self.values["total"]["value"]]
        return self._currency(units[0]) if len(units) == 1 else ""

    def _figure(self, row: Mapping[str, Any], figure: str) -> Cell:
        if figure == "value":
            worth = self._worth(row["value"]) or "-"
            return Cell(worth.rpartition(" ")[0] or worth if self._only_currency() else worth, _first(row["value"]))
        return Cell(self._whole(row[figure]), row[figure])

    def _reasons(self, rows: Sequence[Mapping[str, Any]]) -> Table:
        cells = [
            [
                Cell(self.say[row["figure"]]),
                Cell(self._reason(row["reason"])),
                Cell(self._whole(row["leads"]), row["leads"]),
            ]
            for row in rows
        ]
        head = [self.say[name] for name in ("what", "reason", "number")]
        return Table("reasons", self.say["reasons"], "", head, cells, words=2)

    def _attribution(self, unit: str, about: Sequence[str]) -> Table:
        rows = [row for row in self.values["attribution"] if row["unit"] == unit]
        total = sum((Decimal(row[MODELS[0]]) for row in rows), Decimal())
        named = self.say["deals"] if unit == "deals" else self._currency(unit)
        told = f"{self._amount(total)} {named}".strip()
        cells = [
            [
                *(Cell(row[part] or "-") for part in ("channel", "source", "campaign")),
                *(Cell(self._amount(Decimal(row[model])), float(row[model])) for model in MODELS),
            ]
            for row in rows
        ]
        head = [self.say[name] for name in ("channel", "touch_source", "touch_campaign", *MODELS)]
        title = self.say["attribution"].format(unit=named or self.say["value"])
        note = self.say["attribution_note"].format(sum=told)
        return Table(f"attribution-{unit}", title, note, head, cells, words=3, about=about)

    def _reason(self, reason: str) -> str:
        if not reason:
            return self.say["none"]
        return REASONS_DE.get(reason, reason) if self.language == "de" else reason.replace("-", " ")

    def _worth(self, value: Mapping[str, str]) -> str:
        told = [f"{self._amount(Decimal(amount))} {self._currency(one)}".strip() for one, amount in value.items()]
        return self.say["and"].join(told)

    @staticmethod
    def _currency(unit: str) -> str:
        return "" if unit == NO_CURRENCY else unit

    def _whole(self, number: int) -> str:
        return self._local(f"{number:,}")

    def _amount(self, amount: Decimal) -> str:
        return self._local(f"{amount:,.2f}")

    def _local(self, text: str) -> str:
        return text.translate(str.maketrans(",.", ".,")) if self.language == "de" else text

    def _time(self, minutes: int | None) -> str:
        if minutes is None:
            return "-"
        for unit, length in (("days", _DAY), ("hours", _HOUR)):
            if minutes >= _LONG * length:
                return self.say[unit].format(n=self._local(f"{minutes / length:.1f}"))
        return self.say["minutes"].format(n=minutes)


def _first(value: Mapping[str, str]) -> float:
    return float(next(iter(value.values()), 0))
