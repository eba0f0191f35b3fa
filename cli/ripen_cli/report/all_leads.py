"""Computes something of every lead: reads and folds all leads, a few in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import click

from adapters.store.all_leads import leads
from adapters.store.load_lead import load_merged_lead
from ripen.config.configuration import ActiveConfiguration
from ripen.errors import VersionConflictError
from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_active
from ripen.leads.lead import Lead

_AT_ONCE = 8
"""Leads read in parallel; a boto3 client has ten connections."""

_TELL_EVERY = 1_000

T = TypeVar("T")


def of_each_lead(
    table: str,
    active: ActiveConfiguration,
    now: int,
    compute: Callable[[Lead, Sequence[Event]], T],
) -> Iterator[T]:
    """The result of `compute` for each lead, folded under the active rules at `now` (milliseconds), and its events.

    The number of leads read is printed on standard error, at intervals and at the end.
    """
    rules = compile_active(active)

    def of_one(subject: str) -> list[T]:
        try:
            tree = load_merged_lead(table, subject, now)
        except VersionConflictError:  # a merge is in progress; the merged lead is read separately
            return []
        if not tree.events or tree.record.subject != subject:
            return []
        return [compute(fold(subject, tree.events, rules, now), tree.events)]

    done = told = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for page in leads(table):
            for found in pool.map(of_one, page):
                yield from found
            done += len(page)
            if done - told >= _TELL_EVERY:
                _tell(done)
                told = done
    _tell(done)


def _tell(read: int) -> None:
    click.echo(f"{read} leads read", err=True)
