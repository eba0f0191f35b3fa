"""The forecast of a week under new rules, from the weeks that were rehearsed, and its comparison with a real week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ripen.times import DAY, parse_iso, to_iso

WEEK = 7 * DAY

HANDOFFS, MAILS = "handoffs", "mails"
KINDS = (HANDOFFS, MAILS)
"""The kinds of actions that are forecast."""

_FEWEST_WEEKS = 4


def forecast(weeks: Mapping[str, Sequence[int]]) -> dict[str, Any] | None:
    """The forecast from the numbers of each kind in whole weeks; None for fewer than four weeks.

    The range of a kind reaches from its lowest to its highest week. If weeks differ by chance alone, a further one lies
    outside of the range of n weeks with a probability of at most 2 / (n + 1): each is as likely as any other to be the
    lowest, and to be the highest.
    """
    number = min(map(len, weeks.values()))
    if number < _FEWEST_WEEKS:
        return None
    found = {
        kind: {"mean": round(sum(counts) / number, 1), "lowest": min(counts), "highest": max(counts)}
        for kind, counts in weeks.items()
    }
    return {"weeks": number, **found}


def first_week(activated_at: str, replaced_at: str = "") -> tuple[int, int]:
    """The begin and end (ms) of the first week after an activation; it ends early if other rules replaced these."""
    since = parse_iso(activated_at)
    return since, min(since + WEEK, parse_iso(replaced_at)) if replaced_at else since + WEEK


def truth(
    forecast: Mapping[str, Any], week: tuple[int, int], happened: Mapping[str, int], replaced_by: int | None
) -> dict[str, Any]:
    """What `happened` in the first week, by kind, and the kinds that lie `outside` of the range of the forecast.

    `replaced_by` is the number of the version that replaced these rules within the week, 0 if it has none; None if they
    were live for the whole week. A part of a week is not compared.
    """
    since, until = week
    counts = {kind: happened.get(kind, 0) for kind in KINDS}
    whole = replaced_by is None
    return {
        "since": to_iso(since),
        "until": to_iso(until),
        "days": round((until - since) / DAY, 1),
        "replaced_by": replaced_by,
        **counts,
        "outside": [kind for kind in KINDS if whole and not _lies_within(counts[kind], forecast[kind])],
    }


def _lies_within(count: int, expected: Mapping[str, Any]) -> bool:
    return bool(expected["lowest"] <= count <= expected["highest"])
