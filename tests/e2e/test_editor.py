"""Editors complete and check a rule file while somebody types, by the schema that its first line names."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import count
from pathlib import Path

import pytest

from e2e.npm import NODE, installed
from ripen_cli.project import RULES

SETTINGS = {"validate": True, "completion": True, "hover": True}


class Editor:
    """A client of the language server that VS Code's YAML extension runs, over its standard input and output."""

    def __init__(self, process):
        self.process = process
        self.numbers = count(1)
        self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {"textDocument": {}}})
        self.tell("initialized", {})

    def open(self, path, text):
        """Open a file with this text; returns the line (from 0) and message of each problem."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        while (found := self._told("textDocument/publishDiagnostics"))["uri"] != path.as_uri():
            pass
        return [(one["range"]["start"]["line"], one["message"]) for one in found["diagnostics"]]

    def complete(self, path, line, column):
        """The words that the editor offers at a place of an open file."""
        place = {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": column}}
        found = self.ask("textDocument/completion", place)
        return [one["label"] for one in found["items"]]

    def ask(self, method, params):
        number = next(self.numbers)
        self._send({"id": number, "method": method, "params": params})
        return self._until(lambda message: message.get("id") == number and "method" not in message)["result"]

    def tell(self, method, params):
        self._send({"method": method, "params": params})

    def _told(self, method):
        return self._until(lambda message: message.get("method") == method)["params"]

    def _until(self, wanted):
        while not wanted(message := self._read()):
            if "method" in message and "id" in message:
                asked = message.get("params", {}).get("items", ())
                self._send({"id": message["id"], "result": [SETTINGS, *[None] * (len(asked) - 1)]})
        return message

    def _send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _read(self):
        length = 0
        while header := self.process.stdout.readline().strip():
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return json.loads(self.process.stdout.read(length))


@pytest.fixture(scope="module")
def editor():
    server = installed(Path(__file__).parent / "editor") / "node_modules" / "yaml-language-server"
    command = [NODE, server / "bin" / "yaml-language-server", "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Editor(process)
        finally:
            process.kill()


@pytest.fixture
def scoring(tmp_path):
    """A copy of the scoring rules, with the schemas beside the folder."""
    for folder in ("rules", "schemas"):
        shutil.copytree(RULES / folder, tmp_path / folder)
    return tmp_path / "rules" / "scoring.yaml"


@pytest.mark.parametrize("name", sorted(path.name for path in (RULES / "rules").glob("*.yaml")))
def test_a_starter_file_has_no_problem_in_the_editor(editor, name):
    path = RULES / "rules" / name

    assert editor.open(path, path.read_text()) == []


def test_a_wrong_value_and_a_misspelt_key_are_marked_in_their_lines(editor, scoring):
    text = scoring.read_text()
    broken = text.replace("half_life: 90d", "half_life: soon", 1).replace("cap_per_day:", "cap_per_dya:", 1)

    found = editor.open(scoring, broken)

    assert [message for _, message in found] == [
        "write a whole number and one of s, m, h, d and w, such as 90d, at least 1h",
        "Property cap_per_dya is not allowed.",
    ]
    lines = broken.splitlines()
    assert [lines[line].split(":")[0].strip() for line, _ in found] == ["half_life", "cap_per_dya"]


def test_the_keys_of_a_rule_are_offered(editor, scoring):
    lines, number = with_line_after(scoring, "points: 5", "        ")
    editor.open(scoring, lines)

    assert {"cap_per_day", "window", "group"} <= {*editor.complete(scoring, number, 8)}


def test_the_fields_of_a_condition_are_offered(editor, scoring):
    lines, number = with_line_after(scoring, "when:", "          ")
    editor.open(scoring, lines)

    assert {"lead.phase", "session.new", "$or"} <= {*editor.complete(scoring, number, 10)}


def with_line_after(path, found, added):
    """The text of a file with a line added after the first one that consists of `found`; and its number (from 0)."""
    lines = path.read_text().splitlines()
    number = next(n for n, line in enumerate(lines) if line.strip() == found) + 1
    return "\n".join([*lines[:number], added, *lines[number:]]), number
