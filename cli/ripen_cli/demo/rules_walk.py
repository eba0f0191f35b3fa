"""Plays a marketer who changes rules in the demo, and checks what each upload does, its report and its history."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from adapters.rules.link_approvals import pressed
from adapters.rules.versions import activations
from ripen_cli.cloud import APPROVER, Cloud, Progress
from ripen_cli.demo.checking import StoryError, expect, perform, wait
from ripen_cli.demo.edits import EDITS
from ripen_cli.demo.mailbox import approval_link, mails
from ripen_cli.demo.rules_page import Status, status
from ripen_cli.demo.story import Visitor

_PAGE = "/_demo/rules/"
_CHECKED_WITHIN = 180
"""Seconds; the publish function may take 150 of them."""

_MAILED_WITHIN = 60
MISTAKE = r"rules/scoring\.yaml:\d+:\d+: .*\.pionts: is not a known key\. Did you mean 'points'\?"
"""What the status says of the broken line: file, line, column, key and remedy."""


class RulesWalk:
    """One walk; `report` gets the title, a dash and the outcome of each step, `progress` a line while it waits."""

    def __init__(
        self, cloud: Cloud, marketer: Visitor, report: Callable[[str, str, str], None], progress: Progress
    ) -> None:
        self._cloud = cloud
        self._bucket = cloud.rules_bucket
        self._marketer = marketer
        self._page = marketer.page
        self._report = report
        self._progress = progress

    def through(self) -> None:
        """Change rules and go back to those before. Raises StoryError at the first failed check."""
        before = status(self._bucket)
        expect("a marketer opens the rules", "the last upload", "live", before.state)
        first = before.report["live"]["number"]
        self._makes_a_small_edit("lower", "a marketer lowers a point: it goes live by itself")
        small = self._makes_a_small_edit("threshold", "she raises a threshold: it goes live, too")
        self._breaks_a_line(small)
        large = self._makes_a_large_edit(small)
        self._rolls_back(large, first, before.report["live"]["version"])

    def _makes_a_small_edit(self, name: str, title: str) -> int:
        found = self._presses(title, EDITS[name].title, "live")
        number = int(found.report["number"])
        expect(title, "the live version", number, found.report["live"]["number"])
        self._opens_the_report(title, found)
        self._report(title, "-", "live")
        return number

    def _breaks_a_line(self, live: int) -> None:
        title = "she breaks a line: the status names it"
        found = self._presses(title, EDITS["broken"].title, "refused")
        told = self._page.locator("#status .problems").inner_text()
        if not re.search(MISTAKE, told):
            raise StoryError(title, f"a problem like {MISTAKE}", told)
        expect(title, "the live version", live, found.report["live"]["number"])
        self._report(title, "-", "nothing changed")

    def _makes_a_large_edit(self, live: int) -> int:
        title = "she adds two zeros: it waits for a yes"
        earlier = {mail.id for mail in mails(self._cloud)}
        found = self._presses(title, EDITS["large"].title, "waits")
        number = int(found.report["number"])
        expect(title, "the live version", live, found.report["live"]["number"])
        self._opens_the_report(title, found)
        self._opens_the_link(title, number, earlier)
        expect(title, "a yes after the link was opened", None, pressed(self._bucket))
        now = status(self._bucket)
        expect(title, "state and live version", ("waits", live), (now.state, now.report["live"]["number"]))
        self._report(title, "-", "waits")

        self._says_yes("her boss presses the button behind the link", number, earlier, "two zeros are meant")
        return number

    def _rolls_back(self, live: int, wanted: int, version: str) -> None:
        title = "she rolls back, which takes many points: it waits, too"
        earlier = {mail.id for mail in mails(self._cloud)}
        found = self._presses(title, f"Make version {wanted} live", "waits")
        expect(title, "the live version", live, found.report["live"]["number"])
        self._report(title, "-", "waits")

        title = "after the yes all is as before, with its report"
        self._says_yes(title, wanted, earlier, "they were not")
        now = status(self._bucket)
        expect(title, "the live version", (wanted, version), (now.report["number"], now.report["live"]["version"]))
        self._opens_the_report(title, now)

    def _presses(self, title: str, button: str, state: str) -> Status:
        """Press a button of the page about rules, and wait until the upload behind it was judged."""

        def press(marketer: Visitor) -> None:
            marketer.visit(_PAGE)
            before = marketer.page.locator("#status").get_attribute("data-stamp")
            marketer.press(button)
            judged = f'#status:not([data-state=checking]):not([data-stamp="{before}"])'
            marketer.page.locator(judged).wait_for(timeout=_CHECKED_WITHIN * 1000)

        perform(title, press, self._marketer)
        found = status(self._bucket)
        if found.state != state:
            raise StoryError(title, f"the upload to be {state}", f"{found.state}: {_told(found.report)}")
        return found

    def _opens_the_report(self, title: str, found: Status) -> None:
        """Open the report of the last upload from its status; it begins with the same sentence."""

        def follow(marketer: Visitor) -> None:
            marketer.visit(_PAGE)
            marketer.page.get_by_role("link", name="Open the report").click()
            marketer.page.wait_for_url("**/report")

        perform(title, follow, self._marketer)
        expect(title, "the path", f"{_PAGE}{found.report['number']}/report", self._page.evaluate("location.pathname"))
        sentence = self._page.locator(".sentence").inner_text()
        expect(title, "the sentence of the report", found.report["rehearsal"].get("sentence"), sentence)

    def _opens_the_link(self, title: str, number: int, earlier: set[str]) -> None:
        """Open the link in the newest mail to the approver, until its page asks about this version."""

        def opens() -> bool:
            link = approval_link(self._cloud, APPROVER, earlier)
            if link:
                perform(title, lambda boss: boss.page.goto(link), self._marketer)
            return bool(link) and self._page.get_by_role("button", name=f"version {number} ").count() > 0

        if not wait(opens, bool, _MAILED_WITHIN, self._progress):
            raise StoryError(title, f"a mail to {APPROVER} with a link to a yes to version {number}", "none")

    def _says_yes(self, title: str, number: int, earlier: set[str], why: str) -> None:
        """Say yes by the newest link, and wait until the version is live; the history names who and why."""
        self._opens_the_link(title, number, earlier)

        def press(boss: Visitor) -> None:
            boss.page.get_by_label("Your reason").fill(why)
            boss.page.get_by_label("I have read what changes").check()
            boss.press(f"version {number} ")
            boss.page.get_by_role("heading", name="Thank you").wait_for()
            boss.visit(_PAGE)
            boss.page.locator("#status[data-state=live]").wait_for(timeout=_CHECKED_WITHIN * 1000)

        perform(title, press, self._marketer)
        last = activations(self._bucket)[-1]
        expect(title, "the decision", (number, APPROVER, why), (last.number, last.approved_by, last.approved_why))
        told = self._page.locator(f"#version-{number}").inner_text()
        if f"approved by {APPROVER}: {why}" not in told:
            raise StoryError(title, f"the yes of {APPROVER} in the history", told)
        self._report(title, "-", "live")


def _told(report: dict[str, Any]) -> str:
    return "; ".join([*report.get("problems", []), *report.get("waits", [])]) or "without a reason"
