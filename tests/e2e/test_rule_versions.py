"""The tutorial about a change of the rules is true: its edits and commands do what it says, in the local cloud."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from ripen.storage.ledger import RECORD_KEY
from ripen_cli.cloud import APPROVER
from ripen_cli.demo.mailbox import approval_link, mails
from ripen_cli.project import ROOT
from tutorial import apply_diff

BIN = Path(sys.executable).parent
TUTORIAL = (ROOT / "docs" / "tutorials" / "change-a-rule.md").read_text()
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = "my-rules/rules/scoring.yaml"
REFUSED = ("pionts", "waits for a yes")
"""What the tutorial shows of commands that end with an error, because they have changed nothing."""

VARIES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d|\([0-9a-f]{12}\)|version \d+")
"""What differs from one local cloud to another: times, digests and numbers of versions."""


def like(line):
    """A pattern for a line that the tutorial shows."""
    return ".*".join(map(re.escape, VARIES.split(line)))


class Reader:
    """Follows the tutorial in a folder; `first` is the version that is live at the beginning, its version 1."""

    def __init__(self, folder, port):
        self.folder = folder
        self.port = port
        self.printed = ""
        self.failed = False
        self.first = re.match(r"Version (\d+),", self.does(".venv/bin/ripen rules show live --local"))[1]

    def does(self, command):
        """Run a command, with this cloud and its numbers of versions; returns what it prints."""
        words = shlex.split(command)
        words = [self.first if word == "1" else word for word in words]
        words[0] = str(BIN / Path(words[0]).name)
        words += ["--port", self.port] if "--local" in words else []
        done = subprocess.run(
            words, cwd=self.folder, text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=300, check=False
        )
        self.printed, self.failed = done.stdout + done.stderr, done.returncode != 0
        return self.printed

    def sees(self, shown):
        """The lines that the tutorial shows are printed by the command before them, in this order."""
        pattern = ".*".join(f"(?:^|\n) *{like(line.strip())}" for line in shown.splitlines())
        assert re.search(pattern, self.printed, re.DOTALL), f"{shown}\nis not in\n{self.printed}"


@pytest.fixture
def reader(cloud, tmp_path, wait_for):
    """Somebody who has signed up, as the tutorial's first step says."""
    sign_up(cloud, wait_for)
    return Reader(tmp_path, str(urlsplit(cloud.endpoint).port))


def sign_up(cloud, wait_for):
    call = {"type": "track", "event": "Signed Up", "userId": "reader-of-the-tutorial", "messageId": "tutorial-1"}
    call |= {"properties": {"for": "workshop"}, "context": {"consent": {"categoryPreferences": {"analytics": True}}}}
    body = json.dumps({"writeKey": cloud.server_key, "batch": [call]}).encode()
    with urllib.request.urlopen(f"{cloud.track_url}/v1/batch", body) as answer:
        assert answer.status == 200
    key = {"pk": {"S": f"u:{call['userId']}"}, "sk": {"S": RECORD_KEY}}
    table = cloud.client("dynamodb")
    wait_for("the lead", lambda: "Item" in table.get_item(TableName=cloud.table, Key=key, ConsistentRead=True))


def say_yes_by_link(cloud, wait_for, earlier, why):
    """Open the link in the newest mail to the approver, which changes nothing, and press the button of its page."""

    def page():
        link = approval_link(cloud, APPROVER, earlier)
        return link if link and "<button>" in opened(link) else ""

    link = wait_for("a link that counts", page)
    assert "Thank you" in opened(link, urlencode({"read": "yes", "why": why}).encode())


def opened(link, fields=None):
    try:
        with urllib.request.urlopen(link, fields) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:  # of a link that does not count any more
        return error.read().decode()


def test_a_reader_of_the_tutorial_changes_a_rule_without_fear(cloud, reader, wait_for):
    [reason] = re.findall(rf"approved by {APPROVER}: (.+)", TUTORIAL)
    steps = FENCE.findall(TUTORIAL)
    assert [kind for kind, _ in steps].count("diff") == 4
    earlier = {mail.id for mail in mails(cloud)}

    for (kind, body), (following, shown) in zip(steps, [*steps[1:], ("", "")], strict=True):
        refused = following == "text" and any(one in shown for one in REFUSED)
        if kind == "diff":
            apply_diff(reader.folder / FILE, body)
        elif kind == "text":
            reader.sees(body)
        elif body != "make demo\n":
            if "rules history" in body:
                say_yes_by_link(cloud, wait_for, earlier, reason)
                wait_for("the yes", lambda: "is live." in reader.does(".venv/bin/ripen rules status --local"))
            for command in body.splitlines():
                reader.does(command)
                assert reader.failed == refused, (command, reader.printed)

    assert "rehearsal" in (reader.folder / "report.html").read_text().lower()
    assert reader.does(".venv/bin/ripen rules show live --local").startswith(f"Version {reader.first},")
