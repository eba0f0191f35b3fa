"""The edits of a marketer that the demo has prepared: each changes one line of the rules that are live."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import click


class Edit(NamedTuple):
    """An edit of one line: what it is called, what to expect, and the reason that is kept.

    `line` finds the line in `file`, with the text that `change` replaces as its only group.
    """

    title: str
    hint: str
    why: str
    file: str
    line: re.Pattern[str]
    change: Callable[[str], str]

    def applied(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """The files with this edit. Raises click.ClickException if they have no such line."""
        text = files.get(self.file, b"").decode()
        found = self.line.search(text)
        if found is None:
            raise click.ClickException(f"{self.file} has no line that this edit could change; edit it by hand")
        start, end = found.span(1)
        return {**files, self.file: (text[:start] + self.change(found[1]) + text[end:]).encode()}


def _points_of(rule: str) -> re.Pattern[str]:
    return re.compile(rf"^ +{rule}:\n(?: {{8,}}.*\n)*? {{8}}points: (\d+)$", re.MULTILINE)


_SCORING = "rules/scoring.yaml"

EDITS: Mapping[str, Edit] = {
    "lower": Edit(
        "Lower a point",
        "An opened newsletter gives one point less. That moves nobody, so it goes live by itself.",
        "an opening says little",
        _SCORING,
        _points_of("newsletter-opened"),
        lambda points: str(max(int(points) - 1, 0)),
    ),
    "threshold": Edit(
        "Raise a threshold",
        "Consultation begins 5 points later. It goes live by itself, unless a lead would fall back by that.",
        "sales wants warmer leads",
        "rules/phases.yaml",
        re.compile(r"^ {2}consultation:\n(?: {4}.*\n)*?.*profile: engagement, at_least: (\d+)", re.MULTILINE),
        lambda points: str(int(points) + 5),
    ),
    "broken": Edit(
        "Break a line",
        "A misspelt key, as it happens in a hurry. It changes nothing, and the status names the line.",
        "in a hurry",
        _SCORING,
        re.compile(r"^ +signed-up:\n(?: {8,}.*\n)*? {8}(points): ", re.MULTILINE),
        lambda _key: "pionts",
    ),
    "large": Edit(
        "100 times the points",
        "A sign-up gives 100 times its points, which moves everybody who signed up. So it waits for a yes, if there is "
        "such a lead.",
        "a typo",
        _SCORING,
        _points_of("signed-up"),
        lambda points: str(int(points) * 100),
    ),
}
"""By the name in the addresses of the demo."""
