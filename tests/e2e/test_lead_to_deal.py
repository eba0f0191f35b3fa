"""The tutorial from lead to deal is true: a browser presses what it says, and its commands print what it shows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ripen_cli.demo.mailbox import mails
from ripen_cli.demo.server import listen, serve
from ripen_cli.project import ROOT

BIN = Path(sys.executable).parent
TUTORIAL = (ROOT / "docs" / "tutorials" / "lead-to-deal.md").read_text()
STEP = re.compile(
    r"\*\*(?P<label>[^*]+)\*\*|\]\(http://www\.ripen\.localhost:8000(?P<path>[^)]+)\)|^```(?P<kind>\w+)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Reader:
    """Follows the tutorial with a browser and a shell."""

    def __init__(self, cloud, wait_for, page, base):
        self.cloud = cloud
        self.wait_for = wait_for
        self.page = page
        self.base = base
        self.command = ""

    def opens(self, path):
        self.page.goto(f"{self.base}{path}")

    def presses(self, label):
        """Press the button, or open the fold, with this label; the mail with this subject is opened by its link."""
        if label.startswith("For you"):
            self.wait_for("the mail", lambda: any(mail.subject == label for mail in mails(self.cloud)))
            self.page.reload()
            mail = self.page.locator("article", has_text=label).first
            mail.get_by_text("Open the mail").click()
            with self.page.expect_popup() as opened:
                mail.locator("a[href*='/v1/dossier']").first.click()
            self.page = opened.value
            return
        part = self.page.locator("body")
        if label.startswith("Won"):
            self.wait_for("the record in the CRM", lambda: self.record().count() > 0)
            part = self.record()
        button = part.get_by_role("button", name=label, exact=True)
        visible = button.or_(part.locator("summary").get_by_text(label, exact=True)).locator("visible=true")
        visible.last.click()
        self.page.wait_for_load_state()

    def record(self):
        """Her record on the page of the CRM, which may have others."""
        self.page.reload()
        return self.page.locator("article", has=self.page.get_by_role("link", name="Jana Brandt"))

    def sees(self, shown):
        """The last command prints lines that begin with these words; what was decided takes a moment to be folded."""
        words = shlex.split(self.command)
        words[0] = str(BIN / Path(words[0]).name)
        words += ["--port", str(urlsplit(self.cloud.endpoint).port)]
        line = re.compile(rf"^\s*{'.*'.join(map(re.escape, shown.split()))}", re.MULTILINE)

        def printed():
            done = subprocess.run(words, cwd=ROOT, text=True, capture_output=True, timeout=120, check=True)
            return line.search(done.stdout)

        self.wait_for(shown, printed)


@pytest.fixture
def reader(cloud, wait_for, browser):
    with listen(0) as listening, serve(cloud, listening) as base, browser.new_context(locale="en-GB") as context:
        context.set_default_timeout(60_000)
        yield Reader(cloud, wait_for, context.new_page(), base)


def test_a_reader_of_the_tutorial_wins_a_deal(reader):
    taken = []
    for step in STEP.finditer(TUTORIAL):
        label, path, kind, body = step["label"], step["path"], step["kind"], step["body"]
        taken.append(label or path or kind)
        if label:
            reader.presses(label)
        elif path:
            reader.opens(path)
        elif kind == "text":
            reader.sees(body)
        else:
            reader.command = body.strip()

    assert taken.count("text") == 3
    assert taken[-4:] == ["sh", "text", "sh", "text"]
