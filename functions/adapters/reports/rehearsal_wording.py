"""Numbers, names and charts of a rehearsal's report, as texts of a language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapters.reports.rehearsal_texts import TEXTS

Values = Mapping[str, Any]

_NUMBER = re.compile(r"[+±-]?\d[\d.,]*")
_LONGEST_WORD = 20
_WORDS = {"moves": 2, "campaigns": 2, "campaign_weeks": 2, "more_fewer": 2, "under_way": 3}
"""The number of columns with text at the begin of a table; 1 for all others."""


class Bar(NamedTuple):
    """One row of a chart: a label, the values before and after, and their widths in percent."""

    label: str
    before: str
    after: str
    width_before: float
    width_after: float


class Section(NamedTuple):
    """A part of the report: a title, a note, a chart (`bars`), and a table whose first `words` columns are text."""

    key: str
    title: str
    note: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int
    bars: Sequence[Bar] = ()


class Wording:
    """Tells the values of a report in a language; `say` are its texts by name."""

    def __init__(self, values: Values, language: str) -> None:
        self.values, self.language, self.say = values, language, TEXTS[language]
        self.days = self._number(values["period"]["days"])

    def _section(
        self,
        key: str,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        note: str = "",
        bars: Sequence[Bar] = (),
    ) -> Section:
        if head[-1:] == ("names",) and not any(row[-1] for row in rows):
            head, rows = head[:-1], [row[:-1] for row in rows]
        return Section(key, self.say[key], note, [self.say[name] for name in head], rows, _WORDS.get(key, 1), bars)

    def _bars(self, pairs: Sequence[tuple[str, int, int]]) -> list[Bar]:
        most = max((max(before, after) for _, before, after in pairs), default=0) or 1
        return [
            Bar(
                label,
                self._number(before),
                self._number(after),
                100 * before / most,
                100 * after / most,
            )
            for label, before, after in pairs
        ]

    def _who(self, found: Mapping[str, Any]) -> str:
        names = self._names(found)
        return f"{self._number(found['leads'])}{f' ({names})' if names else ''}"

    def _names(self, found: Mapping[str, Any]) -> str:
        names, rest = ", ".join(found["names"]), found["leads"] - len(found["names"])
        if not names or rest <= 0 or self.values["sample"] > 1:
            return names
        return self._say("more_names", names=names, number=self._number(rest))

    def _gap(self, one: Mapping[str, int]) -> str:
        return self._signed(one["after"] - one["before"])

    def _signed(self, number: float) -> str:
        return f"{'+' if number > 0 else '-' if number < 0 else '±'}{self._number(abs(number))}"

    def _number(self, number: float) -> str:
        text = f"{number:,.10g}" if isinstance(number, float) else f"{number:,}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "de" else text

    def plain(self, cell: str) -> str:
        """The number at the begin of a cell, as programs write it, such as -1041.5; empty if there is none."""
        found = _NUMBER.match(cell)
        thousands, point = (".", ",") if self.language == "de" else (",", ".")
        return found[0].lstrip("+±").replace(thousands, "").replace(point, ".") if found else ""

    def _say(self, name: str, **values: object) -> str:
        return self.say[name].format(**values)


def shortened(text: str, longest: int) -> str:
    """The text, with an ellipsis in place of what exceeds `longest` characters."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def has_long_word(text: str) -> bool:
    """True if a word, such as the id of a lead, is wider than a column of a table should be."""
    return any(len(word) > _LONGEST_WORD for word in text.split())
