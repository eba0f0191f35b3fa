"""Counts of events for CloudWatch: one short line in the log for each request, which metric filters of the stack read.

A third of the bytes of CloudWatch's embedded metric format, for which AWS bills, and no import.
"""

from __future__ import annotations

import sys

from adapters.runtime.settings import TelemetrySettings, settings
from track.request import Parsed

METRICS = ("EventsReceived", "EventsRefused", "EventsWithheld")
"""The fields of such a line, which are the names of the metrics."""


def count_events(parsed: Parsed) -> None:
    """Count the events of a request that were stored, refused, and withheld for want of consent."""
    _write(len(parsed.accepted), len(parsed.refused), len(parsed.withheld))


def count_refusal() -> None:
    """Count a request that was refused as a whole as one refused event."""
    _write(0, 1, 0)


def _write(*counts: int) -> None:
    found = [f'"{name}":{number}' for name, number in zip(METRICS, counts, strict=True) if number]
    if found:  # written by hand, as each request does it; the name of a stack needs no escape
        sys.stdout.write(f'{{"stack":"{settings(TelemetrySettings).stack_name}",{",".join(found)}}}\n')
