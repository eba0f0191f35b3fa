"""What a rehearsal of all leads takes and costs, as the document says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import template
from services import rehearsing, whole_rehearsal

PROGRAM = template.ROOT / "bench" / "pricing" / "rehearsal.py"


def test_the_document_has_the_calculated_table():
    command = [sys.executable, "-m", "bench.pricing.rehearsal"]
    done = subprocess.run(command, cwd=template.ROOT, capture_output=True, text=True, check=True)
    text = (template.ROOT / "docs" / "how-to" / "rehearse-rules.md").read_text()

    assert done.stdout.strip() in text, "the table is the one that bench/pricing/rehearsal.py prints"


def test_the_calculation_is_about_the_template_and_the_code_as_they_are():
    assigned = [node for node in ast.parse(PROGRAM.read_text()).body if isinstance(node, ast.Assign)]
    told = {ast.unparse(node.targets[0]).strip("()"): ast.unparse(node.value).strip("()") for node in assigned}
    resources = template.load()["Resources"]
    machine, function = (resources[name]["Properties"] for name in ("RehearsalMachine", "RehearseFunction"))

    assert told["COPIES"] == str(machine["Definition"]["States"]["Segments"]["MaxConcurrency"])
    assert float(told["GIGABYTES"]) == function["MemorySize"] / 1024
    limits = (whole_rehearsal._SEGMENT, whole_rehearsal._FEWEST, whole_rehearsal._MOST)  # noqa: SLF001
    assert [*map(int, re.split(", ", told["SEGMENT, FEWEST, MOST"]))] == [*limits]
    replays = 2 * float(told["LOADING"]) / float(told["REPLAY"])  # of an event under one of two rule sets
    assert round(replays) == rehearsing._LOADING  # noqa: SLF001
