"""Compares the report of a rehearsal with the limits within which a version of the rules goes live by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ripen.config.schema.approval import RehearsalLimits


def exceeded(values: Mapping[str, Any], limits: RehearsalLimits) -> list[str]:
    """A sentence for each limit that the version exceeds; `values` are those of `ripen.rehearsal.report.report`."""
    return [*_actions(values, limits), *_phases(values, limits)]


def _actions(values: Mapping[str, Any], limits: RehearsalLimits) -> Iterator[str]:
    about = _about(values)
    days = f"{values['period']['days']:g}"
    for kind, title, percent in (("handoffs", "handoffs to sales", limits.handoffs), ("mails", "mails", limits.mails)):
        found = values["headline"][kind]
        before, after, difference = found["before"], found["after"], found["difference"]
        if _is_beyond(abs(difference), before, percent, limits.least):
            more = f"{abs(difference)} {'more' if difference > 0 else 'fewer'}"
            share = _share(abs(difference), before)
            yield (
                f"rehearsal: {about}{after} instead of {before} {title} in {days} days, which is {more}{share}; "
                f"the limit is {percent:g} % or {limits.least}, whichever is more"
            )


def _phases(values: Mapping[str, Any], limits: RehearsalLimits) -> Iterator[str]:
    about = _about(values)
    for one in values["phases"]:
        before, after = one["before"], one["after"]
        if _is_beyond(before - after, before, limits.phase, limits.least):
            yield (
                f"rehearsal: phase `{one['phase']}` has {about}{after} instead of {before} leads, which is "
                f"{before - after} fewer{_share(before - after, before)}; a phase may lose {limits.phase:g} % or "
                f"{limits.least} leads, whichever is more"
            )


def _is_beyond(difference: float, before: float, percent: float, least: int) -> bool:
    return difference > least and 100 * difference > percent * before


def _share(difference: float, before: float) -> str:
    return f" ({100 * difference / before:.0f} %)" if before else ""


def _about(values: Mapping[str, Any]) -> str:
    return "about " if values["sample"] > 1 else ""
