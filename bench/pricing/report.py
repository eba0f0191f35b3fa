"""`make price`: the price of events, mails and a month, as a table, and in results.json for the README and its test."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.pricing.bill import MILLION, PRICES, Units, a_mail, a_month, an_event, cost, kept, warm_up
from bench.pricing.site import measure

RESULTS = Path(__file__).parent / "results.json"
PER_REQUEST = {"one": 1, "three": 3, "ten": 10}
WINDOWS = {"one, ScoreWindow 1": 1, "one, ScoreWindow 60": 60}
"""One event a request, with other windows than the default."""
_VISITORS, _FEW = 30, 4
_PARTS = {
    "writes": ("write_unit",),
    "reads": ("read_unit",),
    "functions": ("invocation", "gb_second"),
    "other": ("bus_event", "queue_request", "bucket_read", "secret_read", "log_gb", "internet_gb"),
}


def main() -> None:
    """Run the weeks, print the tables and write the results."""
    parser = argparse.ArgumentParser(description="Price a recorded week of a website.")
    parser.add_argument("--quick", action="store_true", help="few visitors: shows that it runs")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    arguments = parser.parse_args()
    found = results(_FEW if arguments.quick else _VISITORS)
    arguments.output.write_text(json.dumps(found, indent=2) + "\n")
    sys.stdout.write(f"{table(found)}\n\n{parts(found)}\n")


def results(visitors: int) -> dict[str, Any]:
    """Prices by region and name, and the units that they come from."""
    warm_up()
    units: dict[str, Units] = {name: an_event(number, visitors) for name, number in PER_REQUEST.items()}
    units |= {name: an_event(1, visitors, window) for name, window in WINDOWS.items()}
    units |= {"mail": a_mail(visitors), "month": a_month(measure(1, 1).idle)}
    return {
        "prices_of": PRICES["date"],
        "units": {name: _rounded(one) for name, one in units.items()},
        "prices": {region: _prices(units, region) for region in PRICES["regions"]},
    }


def _rounded(units: Units) -> Units:
    return {kind: float(f"{used:.4g}") for kind, used in sorted(units.items())}


def _prices(units: dict[str, Units], region: str) -> dict[str, float]:
    found = {name: MILLION * cost(units[name], region) for name in (*PER_REQUEST, *WINDOWS)}
    found |= {f"kept.{name}": MILLION * kept(units[name], region) for name in PER_REQUEST}
    found |= {"mail": 1000 * cost(units["mail"], region), "month": cost(units["month"], region)}
    return {name: round(price, 2) for name, price in found.items()}


def table(found: dict[str, Any]) -> str:
    """The prices as a table in Markdown, as the README has it."""
    regions = [*found["prices"]]
    rows = [(f"a million events, {name.replace(',', ' a request,')}", name) for name in WINDOWS]
    rows = [(f"a million events, {name} a request", name) for name in PER_REQUEST] + rows
    rows += [(f"keeping them for two years, {name} a request", f"kept.{name}") for name in PER_REQUEST]
    rows += [("a thousand mails, delivered and opened", "mail"), ("a month, whatever happens", "month")]
    lines = [f"| US-$ | {' | '.join(regions)} |", f"|---{'|---' * len(regions)}|"]
    for text, name in rows:
        lines.append(f"| {text} | {' | '.join(f'{prices[name]:.2f}' for prices in found['prices'].values())} |")
    return "\n".join(lines)


def parts(found: dict[str, Any]) -> str:
    """The parts of the prices of a million events, a thousand mails and a month, by region."""
    lines = [f"{'US-$':36}" + "".join(f"{name:>11}" for name in _PARTS)]
    for region in found["prices"]:
        for name, times in (*((one, MILLION) for one in (*PER_REQUEST, *WINDOWS)), ("mail", 1000), ("month", 1)):
            prices = (times * cost(found["units"][name], region, kinds.__contains__) for kinds in _PARTS.values())
            lines.append(f"{region + ', ' + name:36}" + "".join(f"{price:11.2f}" for price in prices))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
