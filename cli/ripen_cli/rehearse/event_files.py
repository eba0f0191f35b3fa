"""Reads leads from files of events: calls and tables that `ripen import` reads, ledger events, exports of the table.

A file may list events in any order. So each event is first written to one of several temporary files, chosen by its
lead; then each of these is read on its own, and only its leads are in memory.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click

from adapters.dynamodb.attributes import values as plain_values
from adapters.identity.address_keys import normalized
from ripen.addresses.address import comparable
from ripen.errors import InvalidEventError, RipenError
from ripen.events.event import MAX_REQUEST_BYTES, Event, encode
from ripen.events.parsing import parse_event
from ripen.events.sources import Source
from ripen.rehearsal.sample import digest, in_sample
from ripen.storage.ledger import EVENT_PREFIX, MEMBER_PREFIX, event_key, read_items
from ripen.storage.merged_lead import union
from ripen.times import LAST_MOMENT, parse_iso
from ripen_cli.importing.columns import choose
from ripen_cli.importing.history import USUAL, History
from ripen_cli.importing.rows import Row, read_rows

_PART_BYTES = 4 << 20
"""Bytes of a file of events for each temporary file: parsed, they take about a hundred megabytes."""
_MOST_PARTS = 400
_PACKED = 8
"""The factor by which events are larger when unpacked."""
_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Format:
    """The way to read rows that are no ledger events: like the options of `ripen import`.

    `source` is the name of a server in the rules; what it says about addresses is proof.
    """

    source: str
    columns: Sequence[str]
    system: str
    zone: ZoneInfo


@dataclass(slots=True)
class Sorted:
    """The events of a file, sorted by leads into `parts`. `last` is the moment (ms) of the latest event.

    `problems` are the first rows that could not be read, each with its number and reason; `refused` is their number.
    """

    parts: list[Path] = field(default_factory=list)
    last: int = -1
    events: int = 0
    refused: int = 0
    problems: list[str] = field(default_factory=list)

    def refuse(self, place: str, problem: object) -> None:
        """Note a row that cannot be read."""
        self.refused += 1
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(f"{place}: {problem}")


class Lead(NamedTuple):
    """A lead of a file: its subject, its events in order, and how many of its items could not be read."""

    subject: str
    events: list[Event]
    unreadable: int


def sort_by_lead(path: Path, folder: Path, form: Format, now: int, one_in: int = 1) -> Sorted:
    """Sort the events of a file, or of all files in a folder, into files below `folder`; `now` is in milliseconds.

    With `one_in` n, only each n-th lead is kept, chosen by a digest of its subject.
    """
    files = _files(path)
    size = sum(file.stat().st_size * (_PACKED if file.suffix == ".gz" else 1) for file in files)
    count = min(max(size // one_in // _PART_BYTES, 1), _MOST_PARTS)
    found = Sorted([folder / f"part-{n}" for n in range(count)])
    roots = _roots(files)
    reader = _Reader(form, now)
    with ExitStack() as stack:
        outputs = [stack.enter_context(part.open("w", encoding="utf-8")) for part in found.parts]
        for file in files:
            for row in read_rows(file):
                try:
                    items = reader.items(row)
                except InvalidEventError as error:
                    found.refuse(f"{file.name}, row {row.number}", error)
                    continue
                for lead, item in items:
                    root = roots.get(lead, lead)
                    if in_sample(root, one_in):
                        found.events += 1
                        found.last = max(found.last, item["at"])
                        outputs[digest(root) // one_in % count].write(json.dumps([root, item]) + "\n")
    if found.last < 0:
        raise click.ClickException(f"{path.name} has no event that can be read{_first(found)}")
    return found


def leads_of(part: Path) -> Iterator[Lead]:
    """The leads in one of the files of `sort_by_lead`."""
    leads: defaultdict[str, defaultdict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    with part.open(encoding="utf-8") as file:
        for line in file:
            lead, item = json.loads(line)
            if "zip" in item:
                item["zip"] = _unpacked(item["zip"])
            leads[lead][item["pk"]].append(item)
    for lead in list(leads):
        read = {subject: read_items(items) for subject, items in leads.pop(lead).items()}
        events = union({subject: events for subject, (events, _) in read.items()})
        yield Lead(lead, events, sum(len(unreadable) for _, unreadable in read.values()))


def _unpacked(text: object) -> bytes:
    try:
        return b64decode(str(text), validate=True)
    except ValueError:
        return b""  # which cannot be read, and is counted as such


def _first(found: Sorted) -> str:
    return f"; {found.problems[0]}" if found.problems else ""


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*.json*") if file.is_file() and not file.name.startswith("manifest"))
    if not files:
        raise click.ClickException(f"{path} has no files such as data/….json.gz; give the folder of a table export")
    return files


def _roots(files: Sequence[Path]) -> dict[str, str]:
    """The root subject of each subject that was merged into another one, by the items of a table export."""
    parents: dict[str, str] = {}
    for file in files:
        for row in read_rows(file):
            if not isinstance(row.values.get("Item"), dict):
                break  # no export of the table
            key, subject = (row.values["Item"].get(name, {}).get("S", "") for name in ("sk", "pk"))
            if key.startswith(MEMBER_PREFIX):
                parents[key.removeprefix(MEMBER_PREFIX)] = subject
    return {subject: _root(subject, parents) for subject in parents}


def _root(subject: str, parents: Mapping[str, str]) -> str:
    passed = {subject}
    while (above := parents.get(subject)) is not None and above not in passed:
        subject = above
        passed.add(subject)
    return subject


class _Reader:
    """Makes ledger items of rows."""

    def __init__(self, form: Format, now: int) -> None:
        self.now = now
        self.source = Source(form.source, trusted=True)
        self.history = History(choose(USUAL, form.columns), form.zone, _pseudonym, form.system)

    def items(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        """The items of a row, each with its lead. Raises InvalidEventError."""
        if row.problem:
            raise InvalidEventError("row", row.problem, "a row like the others")
        values = row.values
        if isinstance(values.get("Item"), dict):
            return _of_export(values["Item"])
        if isinstance(values.get("subject"), str) and isinstance(values.get("at"), int):
            return [_of_ledger(values)]
        calls = self.history.calls(row)
        received = [parse_event(call, call["type"], self.source, self.now) for call in calls]
        return [(one.subject, _item(one.subject, one.event)) for one in received]


def _of_export(found: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    try:
        item = plain_values(found)
        subject, key = str(item["pk"]), str(item["sk"])
        if not key.startswith(EVENT_PREFIX):
            return []
        kept = {name: item[name] for name in ("data", "zip") if name in item}
        return [(subject, {"pk": subject, "sk": key, "at": parse_iso(key.split("#")[1])} | kept)]
    except (KeyError, AttributeError, ValueError, StopIteration):
        raise InvalidEventError(
            "Item", "is no item of the table", "an export in the format DYNAMODB_JSON, with pk and sk"
        ) from None


def _of_ledger(values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    at = values["at"]
    if not 0 <= at <= LAST_MOMENT:
        raise InvalidEventError("at", f"is {str(at)[:40]}", "a time in milliseconds since 1970")
    parts = {name: value for name, value in values.items() if name not in ("subject", "lead")}
    item = {"pk": values["subject"], "sk": event_key(at, str(values.get("id"))), "data": json.dumps([parts]), "at": at}
    _, unreadable = read_items([item])
    if unreadable:
        name, _, trouble = unreadable[0].reason.partition(": ")
        raise InvalidEventError(name, trouble, "an event as in the ledger: subject, id, name, at, source")
    return str(values.get("lead") or values["subject"]), item


def _item(subject: str, event: Event) -> dict[str, Any]:
    try:
        data = encode([event]).decode()
    except RipenError as error:
        raise InvalidEventError("event", str(error), f"at most {MAX_REQUEST_BYTES} bytes") from None
    return {"pk": subject, "sk": event_key(event.at, event.id), "data": data, "at": event.at}


def _pseudonym(address: str) -> str:
    """The userId of a person of whom only the address is known."""
    normal = normalized(address)
    if not normal:
        raise InvalidEventError("email", f"{address[:60]!r} is no mail address", "an address such as ada@example.com")
    return f"contact-{hashlib.sha256(comparable(normal).encode()).hexdigest()[:32]}"
