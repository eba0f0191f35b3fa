"""Checks of uploaded files by name and size, before any content is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from ripen.languages import problem_of
from ripen.suggestions import closest

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "rules/sources.yaml": ("sources", "ignore_referrers", "privacy"),
    "rules/scoring.yaml": ("profiles", "grades", "counts"),
    "rules/interests.yaml": ("interests", "usage"),
    "rules/personas.yaml": ("personas",),
    "rules/phases.yaml": ("phases", "stages"),
    "rules/campaigns.yaml": ("campaigns",),
    "rules/mailing.yaml": ("mailing",),
    "rules/people.yaml": ("people",),
    "rules/content.yaml": ("content",),
    "rules/offers.yaml": ("offers",),
    "rules/reports.yaml": ("conversions",),
    "rules/approval.yaml": ("approval",),
}
"""The allowed top-level keys of each rule file; the first one is required."""

LAYOUT = "mails/layout.mjml"
"""The layout around mails that are only content; `<mj-content />` in it marks their place."""

MAIL = re.compile(r"mails/([a-z0-9][a-z0-9-]{0,62})/([a-z]{2})\.(mjml|txt)")

_WRITTEN = (".yaml", ".yml", ".json", ".mjml", ".html", ".htm", ".txt")
"""The endings of files in which rules or mails may have been written."""

_LEFT_BEHIND = re.compile(
    r"\..*|~.*|.*~|#.*#|.*\.(bak|old|orig|rej|te?mp|sw[a-p])|thumbs\.db|ehthumbs\.db|desktop\.ini|icon\r|__macosx",
    re.IGNORECASE,
)
"""Files and folders that systems and editors leave: `.DS_Store`, `~$x.docx`, `scoring.yaml~`, `Thumbs.db`."""

MOST_BYTES = 256 * 1024
"""The most bytes of one file."""

_ALIKE = 0.8
"""The similarity from which a file name looks like that of a rule file."""

MOST_BYTES_IN_ALL = 2 * 1024 * 1024
MOST_FILES = 1_000


def is_read(name: str) -> bool:
    """True if a file of this name is read; the report only lists other files."""
    return name in SECTIONS or name == LAYOUT or MAIL.fullmatch(name) is not None


def is_ignored(name: str) -> bool:
    """True if a file can hold neither rules nor a mail: left by a system or an editor, or of another kind."""
    path = PurePosixPath(name)
    left_behind = any(_LEFT_BEHIND.fullmatch(part) for part in path.parts)
    return left_behind or not (is_read(name) or path.suffix.lower() in _WRITTEN)


def is_misplaced(name: str) -> bool:
    """True for a rule file or a mail outside of `rules/` and `mails/`, where nothing reads it."""
    if name.startswith(("rules/", "mails/")) or is_ignored(name):
        return False
    path = PurePosixPath(name)
    return f"rules/{path.name.lower()}" in SECTIONS or path.suffix.lower() == ".mjml"


def right_place(name: str) -> str:
    """The name under which a rule file or mail of this wrong name would be read; empty if there is none."""
    path = PurePosixPath(re.sub(r"[\s_]", "-", name.lower()))
    stem, _, ending = path.name.partition(".")
    if ending != "mjml" and (rules := f"rules/{stem}.yaml") in SECTIONS:
        return rules
    if path.name == PurePosixPath(LAYOUT).name:
        return LAYOUT
    mail = f"mails/{path.parent.name}/{path.with_suffix('.mjml' if ending.startswith('htm') else path.suffix).name}"
    return mail if MAIL.fullmatch(mail) else closest(f"rules/{stem}.yaml", SECTIONS, _ALIKE)


def strangers(names: Iterable[str]) -> Iterator[str]:
    """The problems of files that look like rules or mails, but have a name that nothing reads; one line each."""
    for name in sorted(names):
        if (mail := MAIL.fullmatch(name)) and (problem := problem_of(mail[2])):
            yield f"{name}: {problem}"
        if is_read(name) or is_ignored(name):
            continue
        place = right_place(name)
        meant = f". Did you mean {place}?" if place else ""
        if name.startswith("mails/"):
            right = "write mails/<name>/<language>.mjml, such as mails/tips/en.mjml"
            yield f"{name}: is not the name of a mail; {right}{meant}"
        else:
            yield f"{name}: is not a rule file; known: {', '.join(sorted(SECTIONS))}{meant}"


def misplaced(names: Iterable[str]) -> Iterator[str]:
    """Warnings about rule files and mails outside of `rules/` and `mails/`; one line each."""
    for name in sorted(filter(is_misplaced, names)):
        place = right_place(name)
        yield f"{name}: is not read here" + (f"; it belongs in {place}" if place else "; it belongs in mails/")


def size_problems(sizes: Mapping[str, int]) -> list[str]:
    """The problems of files that are too many or too large, one line each; `sizes` maps names to bytes."""
    if len(sizes) > MOST_FILES:
        return [f"rules/ and mails/: contain too many files; the limit is {MOST_FILES}"]
    return [*_too_large({name: size for name, size in sizes.items() if is_read(name)})]


def _too_large(sizes: Mapping[str, int]) -> Iterator[str]:
    for name, size in sorted(sizes.items()):
        if size > MOST_BYTES:
            yield f"{name}:1: has {size} bytes; the limit is {MOST_BYTES}"
    if (whole := sum(sizes.values())) > MOST_BYTES_IN_ALL:
        yield f"rules/ and mails/: together have {whole} bytes; the limit is {MOST_BYTES_IN_ALL}"
