"""Compares the forecast of a rehearsal with what happened in the first week after the activation.

What is written twice is the same, so a run that was stopped is simply made again.
"""

from __future__ import annotations

from itertools import pairwise

from adapters.reports.rehearsal import page
from adapters.rules.rehearsals import Rehearsal, amend_rehearsal, put_page, stored_rehearsal
from adapters.rules.versions import activations
from adapters.runtime.settings import PublishSettings
from adapters.runtime.telemetry import logger
from adapters.store.week_counts import counts
from ripen.rehearsal.forecast import first_week, truth
from ripen.times import DAY, HOUR, parse_iso, to_iso
from ripen.versions.version import Activation

_LOOKED_BACK = 30 * DAY
"""The age (ms) up to which an activation is compared: longer than any outage of the schedule should last."""

_ENDED = HOUR
"""Milliseconds after a week by which every action that its rules had decided has ended."""


def compare_forecasts(settings: PublishSettings, now: int) -> list[str]:
    """Write what happened beside each forecast whose week is over at `now` (ms). Returns the versions compared.

    Rules that others replaced within the week get what happened until then, which is not compared.
    """
    found = activations(settings.bucket_name, since=to_iso(now - _LOOKED_BACK))
    return [
        activation.version
        for activation, following in pairwise([*found, None])
        if activation is not None and _compare(settings, activation, following, now)
    ]


def _compare(settings: PublishSettings, activation: Activation, following: Activation | None, now: int) -> bool:
    bucket, version = settings.bucket_name, activation.version
    week = first_week(activation.at, following.at if following else "")
    if now < week[1] + _ENDED:
        return False
    found = stored_rehearsal(bucket, version)
    if found is None or not _is_open(found, activation):
        return False
    whole = following is None or week[1] < parse_iso(following.at)
    happened = counts(settings.table_name, activation.at)
    told = truth(found.values["forecast"], week, happened, None if whole or not following else following.number)
    amended = Rehearsal(found.values | {"truth": told}, found.etag)
    if not amend_rehearsal(bucket, version, _page(amended), amended):
        logger.info("The rules are rehearsed again; their earlier forecast is not compared", extra={"version": version})
        if (latest := stored_rehearsal(bucket, version)) is not None:
            put_page(bucket, version, _page(latest))
        return False
    logger.info("A forecast was compared", extra={"version": version, "outside": told["outside"]})
    return True


def _is_open(found: Rehearsal, activation: Activation) -> bool:
    """True if the report has a forecast that was made for this activation, and is not compared yet."""
    values = found.values
    before = parse_iso(values["period"]["until"]) <= parse_iso(activation.at)
    return bool(values.get("forecast")) and before and "truth" not in values


def _page(found: Rehearsal) -> str:
    return page(found.values, found.values["language"], named=False)
