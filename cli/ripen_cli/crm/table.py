"""Reads results from the rows of a table, and counts what becomes of them. Neither keeps the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ripen.crm.fields import Reading, finder, record_result, unknown_status
from ripen.crm.results import CrmResult
from ripen.errors import InvalidFieldError
from ripen_cli.importing.columns import Columns
from ripen_cli.importing.rows import Row, read_rows
from services.crm_results import ERASED, INVALID, OUTDATED, REPEATED, STATUSES, STORED, UNKNOWN, Outcome

_SHOWN = 10
_MOST_STATUSES = 100
_OTHERS = "other statuses"
_MEANING = {
    STORED: "new",
    OUTDATED: "new, and older than what is known",
    REPEATED: "known already",
    UNKNOWN: "of a lead that is not known",
    ERASED: "of a person who was erased",
    INVALID: "refused",
}


class Refusal(NamedTuple):
    """A row, or a part of it, that is not stored: the number of the row, the column, and the reason with a remedy."""

    row: int
    column: str
    reason: str


class Read(NamedTuple):
    """A row that was read: its result, or its refusal, or a status that stands for no result, or nothing at all."""

    row: Row
    result: CrmResult | None = None
    refusal: Refusal | None = None
    status: str = ""


def read_table(path: Path, columns: Columns, reading: Reading, source: str, now: int) -> Iterator[Read]:
    """The rows of a file, one by one; a wrong one costs the others nothing."""
    for row in read_rows(path):
        yield (
            Read(row, refusal=Refusal(row.number, "", row.problem))
            if row.problem
            else _read(row, columns, reading, source, now)
        )


def _read(row: Row, columns: Columns, reading: Reading, source: str, now: int) -> Read:
    usual = finder(row.values)

    def find(role: str) -> str | None:
        return columns.find(role, row.values) if role in columns.chosen else usual(role)

    if status := unknown_status(row.values, reading, find):
        return Read(row, status=status)
    try:
        return Read(row, record_result(row.values, source, now, reading, find))
    except InvalidFieldError as error:
        return Read(row, refusal=refusal_of(row, columns, error))


def refusal_of(row: Row, columns: Columns, error: InvalidFieldError) -> Refusal:
    """The refusal of a row for an error in one of its fields, which is named by its column and value."""
    known = error.field in columns.usual
    column = (columns.find(error.field, row.values) if known else None) or error.field
    value = f" ({str(row.values[column])[:60]})" if column in row.values and "'" not in error.problem else ""
    return Refusal(row.number, column, f"{error.problem}{value}; expected: {error.expected}")


@dataclass(slots=True)
class Tally:
    """What became of the rows of a table: counts by result and status, the first changes, and the first refusals."""

    rows: int = 0
    results: Counter[tuple[str, str]] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    changes: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def add(self, read: Read, outcome: Outcome | None, refusals: list[Refusal]) -> None:
        """Count a row with what became of its result."""
        self.rows += 1
        self.refused += len(refusals)
        self.refusals += refusals[: _SHOWN - len(self.refusals)]
        if read.status:
            known = read.status in self.statuses or len(self.statuses) < _MOST_STATUSES
            self.statuses[read.status[:60] if known else _OTHERS] += 1
            self.refused += 1
        if read.result is None or outcome is None:
            return
        self.results[kind_of(read.result), outcome.status] += 1
        if outcome.status in (STORED, OUTDATED) and len(self.changes) < _SHOWN:
            self.changes.append(f"row {read.row.number}: {outcome.lead}  {_what(read.result)}")

    def lines(self, *, stored: bool) -> Iterator[str]:
        """The tally in words, one line each."""
        found = sum(self.results.values())
        yield f"{self.rows:,} rows, {found:,} results"
        for kind in sorted({kind for kind, _ in self.results}):
            for status in STATUSES:
                if count := self.results[kind, status]:
                    yield f"  {count:>8,}  {kind:<12} {_MEANING[status]}"
        if self.changes:
            yield "changes:"
            yield from (f"  {change}" for change in self.changes)
            new = sum(count for (_, status), count in self.results.items() if status in (STORED, OUTDATED))
            if new > len(self.changes):
                yield f"  ... and {new - len(self.changes):,} more"
        if self.statuses:
            yield "statuses that stand for no result; name them with --result STATUS=RESULT, or STATUS= to leave out:"
            yield from (f"  {count:>8,}  {status}" for status, count in self.statuses.most_common(_SHOWN))
        refused = self.refused - sum(self.statuses.values())
        if refused:
            yield f"refused: {refused:,}"
            yield from (f"  row {one.row}: {one.column} {one.reason}".replace("  ", " ") for one in self.refusals)
            if refused > len(self.refusals):
                yield f"  ... and {refused - len(self.refusals):,} more; --errors FILE writes all of them"
        yield "The results are stored." if stored else "Nothing was stored. With --yes, the new ones are."


def kind_of(result: CrmResult) -> str:
    """The name of what a result tells."""
    if result.decision:
        return result.decision.kind
    return "owner" if result.owner else "contract"


def _what(result: CrmResult) -> str:
    decision = result.decision
    parts = [decision.kind, decision.reason, decision.until] if decision else []
    if decision and decision.value is not None:
        parts.append(f"{decision.value:,.2f} {decision.currency}".strip())
    days = "-".join(filter(None, (result.contract_start, result.contract_end)))
    parts += [f"owner {result.owner}" if result.owner else "", f"contract {days}" if days else ""]
    return ", ".join(filter(None, parts))
