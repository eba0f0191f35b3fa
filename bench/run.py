"""`make bench`: measure each row against its floor in the same run, print a table, write build/bench.json.

Each row is a program that runs in its own process and prints {"value", "unit", "floor"} and optionally "note" as JSON,
or several of these by row. The exit status is 1 if a row is over its budget.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "TABLE_NAME": "ledger",
    "RETENTION_DAYS": "730",
    "BUCKET_NAME": "rules",
    "SECRET_ARN": "secret",
    "LINK_SECRET_ARN": "links",
    "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/due",
    "EVENT_BUS_NAME": "ripen",
    "SENDER": "hello@example.com",
    "CONFIGURATION_SET": "ripen",
    "CONFIGURATION_SET_WITHOUT_OPENS": "ripen-without-opens",
    "RECONCILE_HOUR": "2",
    "SEND_CONCURRENCY": "2",
    "PUBLIC_URL": "https://go.example.com/",
    "PYTHONPATH": "tests",
}
"""The whole environment of a measured process: no settings of the machine, and no credentials of a real account."""


class Row(NamedTuple):
    """`budget` is the largest accepted ratio of the value to its floor or, if given, to `limit`."""

    name: str
    program: str
    budget: float
    limit: float | None = None


class Result(NamedTuple):
    """The measurement of a row."""

    row: Row
    value: float
    unit: str
    floor: float
    note: str

    @property
    def ratio(self) -> float:
        """The value divided by its floor or by the row's limit."""
        return self.value / (self.row.limit or self.floor)

    @property
    def over(self) -> bool:
        """True if the row is over its budget."""
        return self.ratio > self.row.budget


ROWS = (
    Row("track.single.cpu", "bench.track_cpu", 1.3),
    Row("track.batch.cpu", "bench.track_batch_cpu", 1.5),
    Row("track.hostile.cpu", "bench.track_hostile", 10.0),
    Row("track.growth.cpu", "bench.track_growth", 5.0),
    Row("track.cold-start.cpu", "bench.track_cold", 1.3),
    Row("track.single.wru", "bench.track_wru", 1.0),
    Row("track.batch.wru", "bench.track_batch_wru", 1.0, limit=0.2),
    Row("score.event.cpu", "bench.score_cpu", 3.0),
    Row("score.rules-1000.cpu", "bench.score_rules", 3.0),
    Row("score.settled.cpu", "bench.score_settled", 1.5),
    Row("score.largest.cpu", "bench.score_largest_cpu", 1.0, limit=2.0),
    Row("score.largest.memory", "bench.score_largest_memory", 1.0, limit=256.0),
    Row("rehearse.cpu", "bench.rehearse_cpu", 1.8),
    Row("rehearse.merge", "bench.rehearse_merge", 1.0, limit=5.0),
    Row("rehearse.memory", "bench.rehearse_memory", 1.0, limit=512.0),
    Row("score.writes", "bench.score_writes", 1.0),
    Row("score.record.size", "bench.score_record", 1.0),
    Row("score.due.wru", "bench.due_wru", 0.5),
    Row("sweep.reads.10k", "bench.sweep_reads_10k", 1.1),
    Row("sweep.reads.1m", "bench.sweep_reads_1m", 1.1),
    Row("sweep.pace", "bench.sweep_pace", 1.1),
    Row("mail.cpu", "bench.mail_cpu", 7.0),
    Row("check.rules-500.cpu", "bench.check_rules", 3.5),
    Row("check.rules-500.time", "bench.check_rules", 1.0, limit=1.0),
    Row("price.single", "bench.whole", 1.0, limit=1.75),
    Row("price.batch", "bench.whole", 1.0, limit=0.45),
    Row("whole.single.cpu", "bench.whole", 3.0),
    Row("whole.batch.cpu", "bench.whole", 5.0),
    Row("snippet.size", "bench.snippet_size", 1.0),
    Row("offers.size", "bench.offers_size", 1.0),
)


def main() -> int:
    """Measure, print and write all rows; returns 1 if any is over its budget."""
    parser = argparse.ArgumentParser(description="Measure Ripen against floors taken in the same run.")
    parser.add_argument("--quick", action="store_true", help="few repetitions: shows that it runs, not how fast")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench.json", help="where the JSON goes")
    parser.add_argument("--price", action="store_true", help="print prices instead, and renew results.json")
    arguments = parser.parse_args()
    if arguments.price:
        command = [sys.executable, "-m", "bench.pricing.report"]
        return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=False).returncode
    results = [measure(row, quick=arguments.quick) for row in ROWS]
    print(table(results))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(as_json(results), indent=2) + "\n")
    return int(any(result.over for result in results))


def measure(row: Row, *, quick: bool) -> Result:
    """Run the program of a row, once for all of its rows."""
    printed = output(row.program, quick=quick)
    found = printed.get(row.name, printed)
    return Result(row, found["value"], found["unit"], found["floor"], found.get("note", ""))


@cache
def output(program: str, *, quick: bool) -> dict[str, Any]:
    """The last line that a program prints: functions write theirs before."""
    command = [sys.executable, "-m", program, *(["--quick"] if quick else [])]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True)
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed


def table(results: list[Result]) -> str:
    """The results as a text table."""
    lines = [f"{'':22} {'value':>9} {'floor':>9} {'ratio':>6} {'budget':>6}"]
    for result in results:
        verdict = "OVER BUDGET" if result.over else "ok"
        lines.append(
            f"{result.row.name:22} {result.value:9.3f} {result.floor:9.3f} {result.ratio:6.2f} "
            f"{result.row.budget:6.2f}  {verdict}, {result.unit}{', ' + result.note if result.note else ''}"
        )
    return "\n".join(lines)


def as_json(results: list[Result]) -> dict[str, dict[str, Any]]:
    """The results as JSON, by row."""
    return {
        result.row.name: {
            "value": result.value,
            "unit": result.unit,
            "floor": result.floor,
            "ratio": result.ratio,
            "budget": result.row.budget,
        }
        for result in results
    }


if __name__ == "__main__":
    sys.exit(main())
