"""Rehearses all leads of a file of events, or of a deployment, on all cores and in bounded memory."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Semaphore
from typing import Any, NamedTuple, TypeVar

from adapters.runtime import clients
from adapters.store.all_leads import leads
from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.rehearsal.plan import Plan, plan
from ripen.rehearsal.reading import Period, Reading, read
from ripen.rehearsal.sample import in_sample
from ripen.rehearsal.tally import Tally, rehearse_lead
from ripen_cli.rehearse.event_files import leads_of
from services.rehearsing import read_lead

_CHUNK = 50
"""Leads that a process reads from the table and rehearses at a time."""
_AHEAD = 3
"""Tasks that wait for each process; without a limit, all leads of a table would wait in memory."""

T = TypeVar("T")


class Task(NamedTuple):
    """The arguments of `plan`, from which each process compiles it, because compiled rules cannot be sent.

    With `each`, every single change is rehearsed by itself, too.
    """

    active: ActiveConfiguration
    candidate: Configuration
    period: Period
    each: bool

    def plan(self) -> Plan:
        """The compiled plan."""
        return plan(self.active, self.candidate, self.period, most_alone=None if self.each else 0)


@dataclass(slots=True)
class Part:
    """The numbers of some leads; `unreadable` counts their ledger items that cannot be read."""

    tally: Tally = field(default_factory=Tally)
    unreadable: int = 0

    def merge(self, other: Part) -> None:
        """Add the numbers of another part."""
        self.tally.merge(other.tally)
        self.unreadable += other.unreadable


class Table(NamedTuple):
    """A table, and the function that connects a new process to its deployment."""

    name: str
    connect: Callable[[], object]


_state: dict[str, Any] = {}


def rehearse_files(task: Task, parts: Iterable[Path], processes: int) -> Iterator[tuple[Path, Part]]:
    """The numbers of each of the files that `sort_by_lead` wrote, in the order in which they are ready."""
    yield from _spread(_of_file, parts, processes, (task, None))


def rehearse_table(task: Task, table: Table, one_in: int, processes: int) -> Iterator[Part]:
    """The numbers of all leads of a table, in parts."""
    chunks = _chunks((subject for page in leads(table.name) for subject in page if in_sample(subject, one_in)), _CHUNK)
    for _, part in _spread(_of_subjects, chunks, processes, (task, table)):
        yield part


def _begin(task: Task, table: Table | None, *, forked: bool = True) -> None:
    _state.update(plan=task.plan(), table=table)
    if table is not None and forked:
        clients.clear_cache()  # connections of the parent cannot be shared
        table.connect()


def _of_file(path: Path) -> tuple[Path, Part]:
    part = Part()
    for lead in leads_of(path):
        part.unreadable += lead.unreadable
        _add(part, read(lead.subject, lead.events, _state["plan"].period))
    path.unlink()
    return path, part


def _of_subjects(subjects: list[str]) -> tuple[int, Part]:
    part = Part()
    for subject in subjects:
        found = read_lead(_state["table"].name, subject, _state["plan"])
        if found is not None:
            part.unreadable += found.unreadable
            _add(part, found.reading)
    return len(subjects), part


def _add(part: Part, reading: Reading) -> None:
    if reading.events:
        rehearse_lead(_state["plan"], reading, part.tally)


def _spread(
    function: Callable[[Any], tuple[Any, Part]], tasks: Iterable[Any], processes: int, begin: tuple[Any, ...]
) -> Iterator[tuple[Any, Part]]:
    """The results of a function in other processes, or in this one if there is to be only one."""
    if processes == 1:
        _begin(*begin, forked=False)
        yield from map(function, tasks)
        return
    room, over = Semaphore(processes * _AHEAD), Event()

    def admitted() -> Iterator[Any]:
        for task in tasks:
            room.acquire()
            if over.is_set():
                return
            yield task

    with multiprocessing.get_context("fork").Pool(processes, _begin, begin) as pool:
        try:
            for result in pool.imap_unordered(function, admitted()):
                room.release()
                yield result
        finally:
            over.set()
            room.release()  # the pool waits for the thread that asks for tasks


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    chunk: list[T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
