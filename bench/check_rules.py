"""CPU of `ripen rules check` for 500 rules, the whole command with its processes, against parsing their YAML alone."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from ruamel.yaml import YAML

_RULES = 500
_COMMAND = [sys.executable, "-c", "from ripen_cli.main import main; main()", "rules", "check"]


def main(rounds: int) -> None:
    """Print the medians as JSON."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules").mkdir()
        text = _scoring()
        (folder / "rules" / "scoring.yaml").write_text(text)
        (folder / "rules" / "phases.yaml").write_text("phases: {new: {}}\n")
        pairs = [(_parse(text), _check(folder)) for _ in range(rounds)]
    floor, value = (median(times) for times in zip(*pairs, strict=True))
    found = {"value": value, "unit": "s CPU", "floor": floor}
    print(json.dumps({"check.rules-500.cpu": found, "check.rules-500.time": found}))


def _scoring() -> str:
    rules = "".join(
        f"      rule-{number}:\n"
        f"        title: Looked at page {number}\n"
        f"        when: {{event: Page Viewed, properties.path: [/p/{number}, {{prefix: /q/{number}/}}]}}\n"
        f"        points: {number % 9 + 1}\n"
        f"        cap_per_day: 20\n"
        for number in range(_RULES)
    )
    return f"profiles:\n  interest:\n    half_life: 90d\n    rules:\n{rules}"


def _parse(text: str) -> float:
    began = time.process_time()
    YAML(typ="safe", pure=True).load(text)
    return time.process_time() - began


def _check(folder: Path) -> float:
    before = _children()
    told = subprocess.run([*_COMMAND, str(folder)], stdout=subprocess.PIPE, text=True, check=True).stdout
    if not told.startswith(f"Valid: {_RULES} scoring rules"):
        raise SystemExit(told)
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(2 if "--quick" in sys.argv else 10)
