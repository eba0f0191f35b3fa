"""The figures of sales as JSON values: what the page, the tables and `--json` tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ripen.reports.attribution import MODELS
from ripen.reports.sales import DEALS, FIGURES, GROUPS, SalesFigures, quantile


def values(found: SalesFigures, period: Mapping[str, str], titles: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The figures of a `period`; amounts are in units of their currency, with two decimals.

    `titles` are the names to show, by group and name. In each group the numbers add up to those of `total`.
    """
    return {
        "period": dict(period),
        "total": _row(found, "all", ""),
        "times": {
            name: {"median": quantile(minutes, 0.5), "p90": quantile(minutes, 0.9), "handoffs": minutes.total()}
            for name, minutes in (("first_touch", found.touched), ("decision", found.decided))
        },
        "reasons": [
            {"figure": figure, "reason": reason, "leads": number}
            for (figure, reason), number in sorted(
                found.reasons.items(), key=lambda one: (one[0][0], -one[1], one[0][1])
            )
        ],
        "groups": {
            group: [
                {"name": name, "title": titles.get(group, {}).get(name, name), **_row(found, group, name)}
                for name in found.names(group)
            ]
            for group in GROUPS
        },
        "attribution": [
            {"unit": unit or "deals", **touch._asdict(), **dict(zip(MODELS, map(_amount, parts), strict=True))}
            for unit in (DEALS, *(unit for unit in found.units() if unit != DEALS))
            for touch, parts in found.credits(unit)
        ],
    }


def _row(found: SalesFigures, group: str, name: str) -> dict[str, Any]:
    counts = {figure: found.counts[group, name, figure] for figure in FIGURES}
    return {
        **counts,
        "value": {currency: _amount(value) for currency, value in sorted(found.value(group, name).items())},
    }


def _amount(hundredths: int) -> str:
    """The amount as a decimal text: JSON numbers would round large ones."""
    return f"{hundredths // 100}.{hundredths % 100:02}"
