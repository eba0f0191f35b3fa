"""The benchmark runs and writes every row; `make bench` measures."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEYS = {"value", "unit", "floor", "ratio", "budget"}
LIMITS = {"track.batch.wru": 0.2, "score.largest.cpu": 2.0, "score.largest.memory": 256.0} | {
    "price.single": 1.75,
    "price.batch": 0.45,
    "check.rules-500.time": 1.0,
    "rehearse.merge": 5.0,
    "rehearse.memory": 512.0,
}
CPU = {
    *("track.single.cpu", "track.batch.cpu", "track.hostile.cpu", "track.growth.cpu", "track.cold-start.cpu"),
    *("score.event.cpu", "score.rules-1000.cpu", "score.settled.cpu"),
    *("whole.single.cpu", "whole.batch.cpu", "mail.cpu", "check.rules-500.cpu", "rehearse.cpu"),
}
SWEEP = {"sweep.reads.10k", "sweep.reads.1m", "sweep.pace"}
ROWS = {
    *CPU,
    *SWEEP,
    "track.single.wru",
    "score.writes",
    "score.due.wru",
    "score.record.size",
    "snippet.size",
    "offers.size",
    *LIMITS,
}


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """The process of a quick run, and the rows that it wrote."""
    output = tmp_path_factory.mktemp("bench") / "bench.json"
    command = [sys.executable, "bench/run.py", "--quick", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done, json.loads(output.read_text())


def test_a_quick_run_prints_and_writes_every_row(quick_run):
    done, found = quick_run

    assert set(found) == ROWS
    assert all(name in done.stdout for name in ROWS)
    for name, row in found.items():
        assert set(row) == KEYS
        assert row["value"] > 0
        assert row["floor"] > 0
        assert row["ratio"] == row["value"] / LIMITS.get(name, row["floor"])
        assert isinstance(row["unit"], str)
    over = [name for name, row in found.items() if row["ratio"] > row["budget"]]
    assert done.returncode == (1 if over else 0), done.stderr
    assert done.stdout.count("OVER BUDGET") == len(over)


def results():
    return json.loads((ROOT / "bench" / "pricing" / "results.json").read_text())


def test_the_committed_prices_are_those_of_a_run(quick_run):
    _, found = quick_run
    prices = results()["prices"]["eu-central-1"]

    for row, name in (("price.single", "one"), ("price.batch", "ten")):
        assert found[row]["value"] == pytest.approx(prices[name], rel=0.15), "make price renews results.json"


def test_the_readme_has_the_committed_prices():
    readme = (ROOT / "README.md").read_text()
    committed = [[f"{price:.2f}" for price in prices.values()] for prices in results()["prices"].values()]

    table = re.findall(r"^\| [a-z][^|]*\| (\d+\.\d\d) \| (\d+\.\d\d) \|$", readme, re.MULTILINE)

    assert table == list(zip(*committed, strict=True)), "the table is the one that make price prints"
