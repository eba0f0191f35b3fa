"""Checks of uploaded files by name and size, before any content is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "rules/sources.yaml": ("sources", "ignore_referrers"),
    "rules/scoring.yaml": ("profiles", "grades", "counts"),
    "rules/interests.yaml": ("interests", "usage"),
    "rules/personas.yaml": ("personas",),
    "rules/phases.yaml": ("phases", "stages"),
    "rules/campaigns.yaml": ("campaigns",),
    "rules/mailing.yaml": ("mailing",),
    "rules/content.yaml": ("content",),
    "rules/offers.yaml": ("offers",),
    "rules/reports.yaml": ("conversions",),
}
"""The allowed top-level keys of each rule file; the first one is required."""

LAYOUT = "mails/layout.mjml"
"""The layout around mails that are only content; `<mj-content />` in it marks their place."""

MAIL = re.compile(r"mails/([a-z0-9][a-z0-9-]{0,62})/([a-z]{2})\.(mjml|txt)")

MOST_BYTES = 256 * 1024
"""The most bytes of one file."""

MOST_BYTES_IN_ALL = 2 * 1024 * 1024
MOST_FILES = 1_000


def is_read(name: str) -> bool:
    """True if a file of this name is read; the report only lists other files."""
    return name in SECTIONS or name == LAYOUT or MAIL.fullmatch(name) is not None


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
