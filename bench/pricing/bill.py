"""The bill: what one event, one mail and one month use, multiplied with list prices."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bench.pricing.site import TEMPLATE, Usage, measure

from ripen.times import DAY, MINUTE

PRICES: dict[str, Any] = json.loads((Path(__file__).parent / "prices.json").read_text())
REGION = "eu-central-1"
"""The region of the rows of the benchmark."""
MILLION = 1_000_000
_GB = 2**30
_MONTH = 30 * DAY
_YEARS_KEPT = TEMPLATE["Parameters"]["RetentionDays"]["Default"] / 365
_WALKS_A_MONTH = 30 / 7
"""Each week a walk reads the whole table, at half a read unit for 4 KB."""
_POLLS_A_MINUTE = 5 * 3
"""Lambda asks an idle queue with five connections, each of which waits 20 seconds."""
_FEW = 2

Units = Mapping[str, float]


def warm_up() -> None:
    """Run a week of one visitor, so that everything is imported and every client is made."""
    measure(1, 10, "named")


@cache
def an_event(per_request: int, visitors: int, window: float | None = None) -> Units:
    """The units for one event, with so many events a request, and `ScoreWindow` if it is not the default.

    What trigger does once an hour or a minute, however many visitors there are, is left out: its units are those that
    more visitors cause.
    """
    few, many = (measure(number, per_request, window=window) for number in (_FEW, visitors))
    units: dict[str, float] = defaultdict(float)
    for (function, kind), used in many.used.items():
        if function == "sweep":
            more = used - few.used.get((function, kind), 0.0)
            units[kind] += max(0.0, more) / (many.events - few.events)
        else:
            units[kind] += used / many.events
    units["ledger_write_unit"] = many.used["track", "write_unit"] / many.events
    units["stored_bytes"] = many.stored / many.events
    return units


def a_mail(visitors: int) -> Units:
    """The units for one mail that is delivered and opened: a week with sign-ups less the same one without addresses."""
    named, unnamed = (_total(measure(visitors, 10, kind)) for kind in ("named", "unnamed"))
    return {kind: max(0.0, used - unnamed.get(kind, 0.0)) / named["mail"] for kind, used in named.items()}


def a_month(idle: Units) -> Units:
    """The units for a month without visitors: the minutes, alarms, secrets, and the polls of two queues."""
    resources = TEMPLATE["Resources"]
    minutes = _MONTH // MINUTE
    units = defaultdict(float, {kind: used * minutes for kind, used in idle.items()})
    units["queue_request"] += 2 * _POLLS_A_MINUTE * minutes
    units["secret_month"] = sum(_resources(one, "AWS::SecretsManager::Secret") for one in resources.values())
    units["alarm_month"] = sum(_resources(one, "AWS::CloudWatch::Alarm") for one in resources.values())
    return units


def cost(units: Units, region: str, only: Callable[[str], bool] = lambda _kind: True) -> float:
    """The price of these units in US-$."""
    prices = PRICES["regions"][region]
    return float(sum(used * prices[kind] for kind, used in units.items() if kind in prices and only(kind)))


def kept(units: Units, region: str) -> float:
    """The price in US-$ of what an event leaves in the table, for the whole retention, with the weekly walk."""
    prices = PRICES["regions"][region]
    walked = _WALKS_A_MONTH * _GB / 4096 / 2 * prices["read_unit"]
    a_gb = prices["table_gb_month"] + prices["recovery_gb_month"] + walked
    return float(units["stored_bytes"] / _GB * a_gb * 12 * _YEARS_KEPT)


def _total(usage: Usage) -> Units:
    units: dict[str, float] = defaultdict(float)
    for (_, kind), used in usage.used.items():
        units[kind] += used
    return units


def _resources(resource: Any, kind: str) -> int:
    """The resources of a kind that an entry of the template makes, with parameters as they are.

    A `Fn::ForEach` makes one for each of its values. What has a condition waits for a parameter.
    """
    if isinstance(resource, list):
        _, values, [made] = (*resource[:2], resource[2].values())
        return len(values) * _resources(made, kind)
    return int(resource["Type"] == kind and "Condition" not in resource)
