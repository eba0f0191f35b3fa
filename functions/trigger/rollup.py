"""Add up the figures of visits hour by hour: one hour after each hour's end, and again after each change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from adapters.dynamodb.table import may_pass
from adapters.reports import rollup
from adapters.rules.active import active_rules
from adapters.runtime.settings import TriggerSettings
from adapters.runtime.telemetry import logger, pseudonym
from adapters.tracking.event_names import note_names
from ripen.errors import RipenError, VersionConflictError
from ripen.fold.rules import Rules
from ripen.reports.metrics import Figures, add_up
from ripen.reports.rollup import ADDED_UP_AFTER, ENDED, VISITS_KEPT, hour_of, read_figures
from ripen.times import HOUR


class _OutOfTimeError(RipenError):
    """The time limit is near; a later call adds up the hour."""


def roll_up(settings: TriggerSettings, now: int, out_of_time: Callable[[], bool]) -> int:
    """Add up the hours that are open at `now` (ms) while time is left; returns the number of hours.

    The next call adds up the hours left over, and those interrupted by a crash. Repetition is harmless.
    """
    rules = active_rules(settings.bucket_name, now)
    if rules is None:
        return 0
    first_unopened = hour_of(now - HOUR - ADDED_UP_AFTER) + HOUR
    found = rollup.open_hours(settings.table_name)
    if found.next is not None and found.next < first_unopened:
        rollup.end_hours(settings.table_name, found.next, first_unopened)
        found = rollup.open_hours(settings.table_name)
    done = 0
    if ENDED not in found.marks.values():  # hours that changed afterwards wait until another hour has ended
        return done
    for hour, mark in found.marks.items():
        # Score reopens an hour only once it was opened; visits reported after an earlier sum would be lost.
        if found.next is not None and hour < found.next:
            try:
                certain = _add_up(settings.table_name, (hour, mark), rules, now, out_of_time)
            except (ClientError, BotoCoreError) as error:
                if not may_pass(error):
                    raise
                logger.exception("An hour could not be added up; it stays open", extra={"error": type(error).__name__})
                continue
            if certain is None:
                break
            if certain:
                rollup.close_hour(settings.table_name, hour, mark)
            else:
                rollup.leave_open(settings.table_name, hour)
            done += 1
    return done


def _add_up(
    table_name: str, opened: tuple[int, str], rules: Rules, now: int, out_of_time: Callable[[], bool]
) -> bool | None:
    """True if the hour's figures are certain; None if time ran out, or if another process saved them first."""
    hour, mark = opened
    uncertain = False
    names: set[str] = set()

    def parts() -> Iterator[Figures]:
        nonlocal uncertain
        for item in rollup.visits_of(table_name, hour, now):
            if out_of_time():
                raise _OutOfTimeError
            if item["final"]:
                yield read_figures(item)
                continue
            found, certain, sent = _finish(table_name, item, rules, now, again=mark != ENDED)
            names.update(sent)
            uncertain = uncertain or not certain
            if found is not None:
                yield found

    if hour + VISITS_KEPT <= now:  # all its visits have expired; its figures stay as they are
        return True
    if out_of_time():
        return None
    before, version = rollup.load_hour(table_name, hour)
    try:
        total = add_up(parts())
    except _OutOfTimeError:
        return None
    if total != before and not rollup.save_hour(table_name, hour, total, version):
        return None
    note_names(table_name, names)
    return not uncertain


def _finish(table_name: str, item: Mapping[str, Any], rules: Rules, now: int, *, again: bool) -> rollup.Finished:
    """The final figures of a visit. If its lead cannot be read now, the reported ones count, and are not certain."""
    try:
        return rollup.finish_visit(table_name, item, rules, now, again=again)
    except (ClientError, BotoCoreError, VersionConflictError) as error:
        if not may_pass(error):
            raise
        told = {"lead": pseudonym(item["subject"]), "error": type(error).__name__}
        logger.warning("A visit could not be added up; its hour is added up again", extra=told)
        return rollup.Finished(read_figures(item), certain=False)
