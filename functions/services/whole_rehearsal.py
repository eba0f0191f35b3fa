"""Rehearses a version over all leads of the deployment, in parts that a state machine spreads over functions.

Each part is one segment of a scan of the table. The sum of the parts is the sum of all leads, in whatever order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from adapters.reports.rehearsal import page, sentence
from adapters.reports.rehearsal_texts import TEXTS
from adapters.rules.rehearsals import page_key, put_rehearsal, rehearsal_of
from adapters.rules.whole_rehearsals import (
    DONE,
    FAILED,
    UNDER_WAY,
    Job,
    Part,
    Place,
    Run,
    State,
    delete_parts,
    job_of,
    part_of,
    parts_of,
    put_job,
    put_part,
    put_state,
    start,
    state_of,
)
from adapters.runtime.clients import error_code
from adapters.runtime.settings import RehearseSettings
from adapters.runtime.telemetry import logger
from adapters.store.all_leads import key_of, segment_pages, table_bytes
from ripen.rehearsal.plan import Plan, plan
from ripen.rehearsal.report import report
from ripen.rehearsal.tally import Tally
from services.rehearsing import MOST_ALONE, RehearsalError, read_lead, replay

_SEGMENT = 50_000_000
"""The bytes of the table for each segment; replaying them takes about a minute."""

_FEWEST, _MOST = 8, 1_000
"""The fewest and the most segments. DynamoDB counts a table's bytes every six hours, so it may tell too few. The input
of a distributed map may have 256 KB (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""


class Ended(NamedTuple):
    """An execution of the state machine that has ended; `problem` is empty if it succeeded."""

    run: Run
    problem: str


def begin(bucket: str, machine: str, version: str, job: Job) -> State | None:
    """Start the rehearsal of a version over all leads; None if the deployment has no state machine for that.

    The same job begins once. A failure to start it is told in the state.
    """
    if not machine:
        return None
    run = Run(version, f"{version}-{job.active.version}-{job.period.until}")
    before = state_of(bucket, version)
    if before is not None and before.run == run.name and before.state != UNDER_WAY:
        return before
    state = State(run.name, UNDER_WAY)
    if before != state:
        put_job(bucket, run, job)
        put_state(bucket, version, state)
    try:
        start(machine, run)
    except (BotoCoreError, ClientError) as error:
        code = error_code(error) if isinstance(error, ClientError) else type(error).__name__
        logger.error("The rehearsal of all leads could not be started", extra={"version": version, "reason": code})
        state = State(run.name, FAILED, f"it could not be started ({code})")
        put_state(bucket, version, state)
    return state


def split(table: str, run: Run) -> dict[str, Any]:
    """The segments of the table that are rehearsed separately: more of a larger table."""
    count = min(max(math.ceil(table_bytes(table) / _SEGMENT), _FEWEST), _MOST)
    return {**run._asdict(), "of": count, "segments": [*range(count)]}


def rehearse_part(
    known: RehearseSettings, run: Run, place: Place, of: int, has_time: Callable[[], bool]
) -> dict[str, Any]:
    """Rehearse leads of one `of` so many segments while there is time, and keep their numbers.

    `more` in the result is true if another call has to go on. Raises RehearsalError.
    """
    job = job_of(known.bucket_name, run)
    after = part_of(known.bucket_name, run, place._replace(number=place.number - 1)).after if place.number else None
    part = _counted(known.table_name, _plan(job), segment_pages(known.table_name, place.segment, of, after), has_time)
    part.tally.names.clear()
    put_part(known.bucket_name, run, place, part)
    more = part.after is not None
    return {**run._asdict(), "of": of, "segment": place.segment, "number": place.number + 1, "more": more}


def _counted(table: str, made: Plan, pages: Iterable[Any], has_time: Callable[[], bool]) -> Part:
    tally = Tally()
    for subjects, after in pages:
        for subject in subjects:
            found = read_lead(table, subject, made)
            if found and found.reading.events:
                replay(made, found.reading, tally)
            if not has_time():
                return Part(tally, key_of(subject))
        if after is not None and not has_time():
            return Part(tally, after)
    return Part(tally, None)


def merge_parts(bucket: str, run: Run, of: int) -> dict[str, Any]:
    """Store the report of a run, from all its parts, and delete these; no report if a later run has begun.

    Raises RehearsalError if a part is missing.
    """
    state = state_of(bucket, run.version)
    if state is not None and state.run == run.name:
        job = job_of(bucket, run)
        values = report(_plan(job), _merged(bucket, run, of))
        language = job.active.configuration.mailing.language
        store_report(bucket, run.version, values, language)
    delete_parts(bucket, run)
    return run._asdict()


def _merged(bucket: str, run: Run, of: int) -> Tally:
    whole, kept = Tally(), parts_of(bucket, run)
    for segment in range(of):
        part = None
        for number in range(kept.get(segment, 0)):
            part = part_of(bucket, run, Place(segment, number))
            whole.merge(part.tally)
        if part is None or part.after is not None:
            raise RehearsalError(f"segment {segment} of {of} was not rehearsed to its end")
    return whole


def store_report(bucket: str, version: str, values: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Store the report about a version, and return what a report on an upload tells of it."""
    known = language if language in TEXTS else "en"
    said = sentence(values, known)
    html = page(values, known, named=False)
    stored = {"sentence": said, "language": known, "version": version, **values}
    put_rehearsal(bucket, version, html, stored)
    return told(version, stored)


def told_of(bucket: str, version: str) -> dict[str, Any] | None:
    """What a report on an upload tells of the stored report about a version; None if there is none."""
    values = rehearsal_of(bucket, version)
    return told(version, values) if values is not None else None


def told(version: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a report on an upload tells of the values of a stored report."""
    return {"report": page_key(version)} | {name: values[name] for name in ("sentence", "leads", "sample")}


def note_end(bucket: str, ended: Ended) -> None:
    """Keep that an execution has ended, unless a later run has begun, and delete the parts that a failed one leaves."""
    if ended.problem:
        delete_parts(bucket, ended.run)
    state = state_of(bucket, ended.run.version)
    if state is not None and state.run == ended.run.name:
        put_state(bucket, ended.run.version, State(state.run, FAILED if ended.problem else DONE, ended.problem))


def _plan(job: Job) -> Plan:
    return plan(job.active, job.candidate, job.period, most_alone=MOST_ALONE)
