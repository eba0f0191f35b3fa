"""Every statement of docs/explanation/security.md names existing tests."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    (section, *(cell.strip() for cell in row.strip("|").split(" | ")))
    for section, body in re.findall(
        r"^## (.+?)\n(.*?)(?=^## |\Z)", (ROOT / "docs/explanation/security.md").read_text(), re.MULTILINE | re.DOTALL
    )
    if "| test |" in body
    for row in re.findall(r"^\|.*\|$", body, re.MULTILINE)
    if not re.match(r"\|(-|\s*can or cannot)", row)
]


@cache
def functions_of(path):
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize(("section", "said", "shown"), ROWS, ids=[said[:60] for _, said, _ in ROWS])
def test_each_line_names_tests_that_exist(section, said, shown):
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", shown)

    assert named, f"{section}: {said} names no test"
    assert re.sub(r"`[^`]+`", "", shown).strip(" ,") == ""
    assert {f"{path}::{name}" for path, name in named if name not in functions_of(path)} == set()


def test_each_role_has_its_lines():
    roles = (
        "An anonymous visitor",
        "A lead",
        "An approver",
        "A marketer",
        "A rep",
        "A CRM",
        "An operator",
        "The rehearse function",
        "The sales function",
        "The tracking function",
    )

    assert {section for section, *_ in ROWS} == {*roles}
    assert len(ROWS) > 30


def test_the_security_policy_says_how_to_report_a_vulnerability():
    assert "Report a vulnerability" in (ROOT / "SECURITY.md").read_text()
