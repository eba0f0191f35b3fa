"""Rehearses an upload over the ledger of the deployment, on a sample of leads that takes a bounded time.

A sample is one lead in 1, 2, 4, 8 ..., chosen by a digest of its subject, so the same leads give the same report.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from adapters.runtime.telemetry import logger, pseudonym
from adapters.store.all_leads import KnownLeads
from adapters.store.load_lead import load_merged_lead
from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.errors import InvalidConfigurationError, RipenError, VersionConflictError
from ripen.leads.identifiers import Identifiers
from ripen.rehearsal.patches import patches
from ripen.rehearsal.plan import ACTIVE, Plan, plan
from ripen.rehearsal.reading import Period, Reading, read
from ripen.rehearsal.report import Scope, report
from ripen.rehearsal.sample import halvings
from ripen.rehearsal.tally import Tally, rehearse_lead
from ripen.times import DAY

PERIOD = 90 * DAY
"""Milliseconds before an upload that are rehearsed."""

MOST_WORK = 150_000
"""The most replayed events, counted for each rule set: half a minute at 5,000 a second."""

_LOADING = 40
"""The replayed events that take as long as loading a lead."""

_HEAVIEST = MOST_WORK // 8
"""The most work for one lead; one with more is left out."""

MOST_ALONE = 5
"""The most changes that are also rehearsed each by itself."""


class RehearsalError(RipenError):
    """A rehearsal cannot be made; the text says why."""


class TooManyEventsError(RehearsalError):
    """The leads have so many events that no sample of them could be rehearsed in time."""


class Replacement(NamedTuple):
    """The active rules, those that would replace them, and the configuration of these as it was written."""

    before: ActiveConfiguration
    after: ActiveConfiguration
    candidate: Configuration


class ReadLead(NamedTuple):
    """What a rehearsal reads of a lead, and the number of ledger items that cannot be read."""

    reading: Reading
    unreadable: int


class Counted(NamedTuple):
    """The numbers of some leads, how many were left out, and the work that they took."""

    tally: Tally
    left_out: int
    work: int


def rehearse_upload(table: str, replacement: Replacement, leads: KnownLeads, now: int) -> dict[str, Any] | None:
    """The report (see `ripen.rehearsal.report`) on a replacement; None if it changes nothing that a lead gets.

    It holds numbers only, no leads. Raises RehearsalError.
    """
    before, after, candidate = replacement
    if not any(one.concerns_leads for one in patches(before.configuration, after.configuration)):
        return None
    try:
        made = plan(before, candidate, period_until(now), most_alone=MOST_ALONE)
    except InvalidConfigurationError as error:
        raise RehearsalError(str(error)) from error
    tally, scope = largest_sample(leads, lambda subjects, most: _rehearsed(table, made, subjects, most))
    tally.names.clear()
    return report(made, tally, scope=scope)


def period_until(now: int) -> Period:
    """The time that is rehearsed for an upload at `now` (ms)."""
    return Period(max(now - PERIOD, 0), now)


def read_lead(table: str, subject: str, made: Plan) -> ReadLead | None:
    """What a rehearsal reads of a lead; None if it has become a part of another lead."""
    try:
        tree = load_merged_lead(table, subject, made.period.until)
    except VersionConflictError:  # a merge is in progress; the merged lead is read separately
        return None
    if tree.record.subject != subject:
        return None
    events = tree.events
    disputed = tree.record.address and not tree.record.address["owned"]
    foreign = Identifiers.of(events, made.sets[ACTIVE].rules.trusted).proven if disputed else ()
    return ReadLead(read(subject, events, made.period, foreign), len(tree.unreadable))


def largest_sample(leads: KnownLeads, count: Callable[[Sequence[str], int], Counted | None]) -> tuple[Tally, Scope]:
    """The numbers of the largest sample that the work allows: each step about doubles the sample before.

    `count` gives the numbers of some leads, or None if they take more than the work that is left. Raises RehearsalError
    if no sample has any lead that can be rehearsed.
    """
    finest = len(leads.all).bit_length()
    steps: list[list[str]] = [[] for _ in range(finest + 1)]
    for subject in leads.all:
        steps[min(halvings(subject), finest)].append(subject)
    tally, left_out, work, reached = Tally(), 0, 0, 0
    for power in range(finest, -1, -1):
        counted = count(steps[power], MOST_WORK - work)
        if counted is None:
            break
        tally.merge(counted.tally)
        left_out, work, reached = left_out + counted.left_out, work + counted.work, 2**power
    if not tally.counts["leads",] and (left_out or reached != 1):
        raise TooManyEventsError("the leads have too many events")
    return tally, Scope(reached, left_out, leads.whole)


def _rehearsed(table: str, made: Plan, subjects: Sequence[str], most: int) -> Counted | None:
    """The numbers of these leads; None if they take more than the `most` work."""
    tally, left_out, work = Tally(), 0, 0
    for subject in subjects:
        found = read_lead(table, subject, made)
        own = _LOADING + (found.reading.events * len(made.sets) if found else 0)
        if own > _HEAVIEST:
            left_out, own = left_out + 1, _HEAVIEST // 4  # it was read, though not replayed
        elif found and found.reading.events:
            replay(made, found.reading, tally)
        work += own
        if work > most:
            return None
    return Counted(tally, left_out, work)


def replay(made: Plan, reading: Reading, tally: Tally) -> None:
    """Rehearse one lead. An unexpected error ends the rehearsal; the upload can still go live with a yes."""
    try:
        rehearse_lead(made, reading, tally)
    except Exception as error:  # noqa: BLE001 - a rollback has to be possible whatever fails here
        # Without the message, which may quote from an event.
        places = [f"{place.name}:{place.lineno}" for place in traceback.extract_tb(error.__traceback__)]
        extra = {"lead": pseudonym(reading.subject), "error": type(error).__name__, "where": places}
        logger.error("Unexpected error while rehearsing a lead", extra=extra)
        raise RehearsalError(f"the replay of a lead failed with {type(error).__name__}; the log tells where") from None
