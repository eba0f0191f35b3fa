"""Event names in conditions that look like typing errors: no source has sent them, and no other rule uses them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from ripen.config.configuration import Configuration
from ripen.config.schema.base import Path
from ripen.config.upload_limits import SECTIONS
from ripen.events.event import OUTCOMES
from ripen.sales.decisions import DECISIONS, OPENED, UNDONE
from ripen.suggestions import closest
from ripen.validation.checks import conditions
from ripen.validation.never_true import leaves

_ALIKE = 0.85
"""The similarity from which a name looks like a typing error of another: `Signed Up` and `Sign Up`, but not
`Video Playback Started` and `Video Playback Completed`."""

_MOST_NAMED = 10

MADE_BY_RIPEN = frozenset(
    {
        *OUTCOMES,
        *DECISIONS,
        *(UNDONE, OPENED),
        *("Page Viewed", "Page Left", "Screen Viewed", "Link Clicked", "File Downloaded"),
        *("Promotion Viewed", "Promotion Clicked", "Promotion Dismissed"),
        *("Identified", "Group Joined", "Aliased", "Consent Given", "Consent Withdrawn"),
        *("Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced", "Email Soft Bounced"),
        *("Email Marked as Spam", "Email Reported as Not Spam", "Email Rejected", "Email Delayed"),
        *("Email Failed to Render", "Email Address Confirmed", "Email Address Disowned", "Email Address Refused"),
        *("Lead Assigned", "Lead Merged", "Lead Unmerged", "Lead Conflict Found", "Lead Merge Refused"),
        *("Unsubscribed", "Subscription Confirmed", "Preferences Changed", "Feedback Given"),
    }
)
"""The names of events that Ripen, its snippet and its calls make by themselves."""


def doubtful_events(configuration: Configuration, sent: Collection[str]) -> Iterator[tuple[Path, str]]:
    """Warnings as (path, text); `sent` are the names that sources have sent, empty if that is not known.

    A name that is like a known one is a warning of its own. The others of a file share one, if `sent` is known.
    """
    uses = [*_uses(configuration)]
    often = Counter(name for _, name in uses)
    known = {*sent, *MADE_BY_RIPEN, *(name for name, times in often.items() if times > 1)}
    strangers: dict[str, list[tuple[Path, str]]] = {}
    for path, name in uses:
        if name in known:
            continue
        if meant := closest(name, known | {*often}, _ALIKE):
            yield path, f"no source has sent {name!r} yet, and no other rule uses it. Did you mean {meant!r}?"
        elif sent:
            strangers.setdefault(_file_of(path), []).append((path, name))
    for found in strangers.values():
        names = sorted({name for _, name in found})
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        told = ", ".join(map(repr, names[:_MOST_NAMED])) + more
        yield found[0][0], f"no source has sent these events yet, and no other rule uses them: {told}"


def _file_of(path: Path) -> str:
    return next(name for name, sections in SECTIONS.items() if path[0] in sections)


def _uses(configuration: Configuration) -> Iterator[tuple[Path, str]]:
    for place, when in conditions(configuration):
        for leaf in leaves(when):
            if leaf.field == "event":
                yield from (((*place, *leaf.path), name) for name in leaf.wanted if isinstance(name, str))
