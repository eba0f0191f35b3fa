"""The benchmark runs and writes every row; `make bench` measures."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEYS = {"value", "unit", "floor", "ratio", "budget"}
LIMITS = {"track.batch.wru": 0.2, "score.largest.cpu": 2.0, "score.largest.memory": 256.0}
CPU = {
    *("track.single.cpu", "track.batch.cpu", "track.hostile.cpu", "track.growth.cpu", "track.cold-start.cpu"),
    *("score.event.cpu", "score.rules-1000.cpu", "score.settled.cpu"),
    "mail.cpu",
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


def run_quickly(output):
    command = [sys.executable, "bench/run.py", "--quick", "--output", str(output)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_quick_run_prints_and_writes_every_row(tmp_path):
    done = run_quickly(tmp_path / "bench.json")

    found = json.loads((tmp_path / "bench.json").read_text())
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
