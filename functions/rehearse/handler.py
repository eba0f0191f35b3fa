"""The rehearse function: the state machine calls it for each step of a rehearsal of a version over all leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.rules.whole_rehearsals import Place, Run
from adapters.runtime.settings import RehearseSettings, settings
from ripen.times import MINUTE
from services.whole_rehearsal import merge_parts, rehearse_part, split

_RESERVE = 10 * MINUTE
"""Milliseconds before the function's time limit from which on no further lead is begun: one lead may take them all."""


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Do one `step`: `split` the table into segments, rehearse a `part` of one of them, or `merge` all parts.

    `input` is the result of the step before. The steps can be repeated.
    """
    known, given = settings(RehearseSettings), event["input"]
    run = Run(given["version"], given["name"])
    if event["step"] == "split":
        return split(known.table_name, run)
    if event["step"] == "merge":
        return merge_parts(known.bucket_name, run, given["of"])
    place = Place(given["segment"], given["number"])
    return rehearse_part(known, run, place, given["of"], lambda: context.get_remaining_time_in_millis() > _RESERVE)
