"""Memory of `ripen rules rehearse --events` on a file of a million events: the largest of its processes.

The floor is its limit. The note tells the events that all processes together replay in a second of CPU.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from itertools import count, islice
from pathlib import Path
from typing import Any

from bench.rehearse_cpu import changed_plan, ledger, starter_kit

from ripen.storage.ledger import read_events

_ALLOWED = 512.0
_EVENTS = 1_000_000
_KINDS = 200
"""Leads with histories of their own; all others have one of theirs."""
_RULES = Path(__file__).parents[1] / "infra"


def main(events: int, kinds: int) -> None:
    """Print the megabytes as JSON."""
    with tempfile.TemporaryDirectory(prefix="ripen-bench-") as folder:
        file, candidate = Path(folder) / "events.jsonl", Path(folder) / "candidate"
        _write(file, events, kinds)
        _change(candidate)
        command = [str(Path(sys.executable).with_name("ripen")), "rules", "rehearse", str(candidate)]
        command += ["--against", str(_RULES), "--events", str(file), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    replayed = json.loads(done.stdout)["events"]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    note = f"{replayed:,} events, {replayed / (used.ru_utime + used.ru_stime):,.0f} a second and core"
    print(json.dumps({"value": used.ru_maxrss / 1024, "unit": "MB", "floor": _ALLOWED, "note": note}))


def _write(file: Path, events: int, kinds: int) -> None:
    """Write so many events of leads as JSON lines, as they are in the ledger; the leads come in turn."""
    made = changed_plan(starter_kit(), {("profiles", "engagement", "half_life"): "60d"})
    histories = [[_row(event) for event in read_events(ledger(f"a:{kind}", made))] for kind in range(kinds)]
    rows = (
        row | {"subject": f"a:{turn}-{kind}"} for turn in count() for kind, rows in enumerate(histories) for row in rows
    )
    with file.open("w") as output:
        output.writelines(json.dumps(row) + "\n" for row in islice(rows, events))


def _row(event: Any) -> dict[str, Any]:
    names = ("id", "name", "at", "source", "properties", "traits", "context")
    return {name: value for name, value in asdict(event).items() if name in names and value}


def _change(candidate: Path) -> None:
    """Write the starter kit with another half-life, so that no lead can be left out."""
    for kind in ("rules", "mails"):
        shutil.copytree(_RULES / kind, candidate / kind)
    scoring = candidate / "rules" / "scoring.yaml"
    text = scoring.read_text()
    scoring.write_text(text.replace("half_life: 90d", "half_life: 91d", 1))
    if scoring.read_text() == text:
        raise SystemExit("rules/scoring.yaml has no half_life: 90d to change")


if __name__ == "__main__":
    main(*(5_000, 5) if "--quick" in sys.argv else (_EVENTS, _KINDS))
