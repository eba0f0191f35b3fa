"""Recognises mail opens and clicks that a link scanner caused instead of a person.

Link scanners follow several links of a mail within seconds, follow hidden links, and act right after delivery. Their
events are marked as a bot's, even if the evidence arrives later. An open or a click therefore counts one minute after
it happened.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from operator import itemgetter

from ripen.events.event import RIPEN, Event
from ripen.times import MINUTE, SECOND

SETTLING = MINUTE
"""The time (ms) after which an open or a click counts."""
GAP = 2 * SETTLING
"""Events further apart than this (ms) do not affect each other's verdict."""
HIDDEN_LINK = "/v1/trap"
"""Part of the URL of the link that mails hide from people."""

_BURST = 3 * SECOND
"""Clicks on different links of one mail within this time (ms) come from a program."""
_AT_ONCE = 2 * SECOND
"""Opens and clicks within this time (ms) after delivery to the receiving server come from a program."""
_OPENED, _CLICKED, _DELIVERED = _OF_MAIL = ("Email Opened", "Email Link Clicked", "Email Delivered")


def with_bot_verdicts(events: Sequence[Event]) -> list[tuple[int, Event]]:
    """The events, each with the moment (ms) at which it counts, in order of these moments.

    `events` are sorted by time and id. In the result, `bot` names the program that caused an open or a click.
    """
    moments = [(event.at, event) for event in events]
    mails = [n for n, event in enumerate(events) if event.source == RIPEN and event.name in _OF_MAIL]
    read = [n for n in mails if events[n].name != _DELIVERED]
    if not read:
        return moments
    verdicts = _verdicts([events[n] for n in mails])
    for n in read:
        event = events[n]
        name = "" if event.bot else verdicts.get(event.id, "")
        moments[n] = (event.at + SETTLING, replace(event, bot=name) if name else event)
    return sorted(moments, key=lambda pair: (pair[0], pair[1].id))


def _verdicts(mails: Sequence[Event]) -> dict[str, str]:
    """The ids of opens and clicks that a program caused, with the name of the program."""
    found: dict[str, str] = {}
    if not any(map(_is_hidden, mails)) and all(after.at - before.at > _BURST for before, after in pairwise(mails)):
        return found  # the case of most leads
    by_mail: defaultdict[str, list[Event]] = defaultdict(list)
    for event in mails:
        by_mail[str(event.properties.get("intent"))].append(event)
    for of_mail in by_mail.values():
        delivered = [event.at for event in of_mail if event.name == _DELIVERED]
        clicks = [event for event in of_mail if event.name == _CLICKED]
        scanned = [*_bursts(clicks), *(click.at for click in clicks if _is_hidden(click))]
        for event in of_mail:
            if event.name != _DELIVERED and (bot := _verdict(event, delivered, scanned)):
                found[event.id] = bot
    return found


def _verdict(event: Event, delivered: Sequence[int], scanned: Sequence[int]) -> str:
    """The program that caused an opening or a click, by the moments of deliveries and scans; empty for a person."""
    if any(abs(event.at - moment) <= _BURST for moment in scanned):
        return "link scanner"
    if any(0 <= event.at - moment <= _AT_ONCE for moment in delivered):
        return "machine opening" if event.name == _OPENED else "link scanner"
    return ""


def _is_hidden(click: Event) -> bool:
    return HIDDEN_LINK in str(click.properties.get("link"))


def _bursts(clicks: Sequence[Event]) -> list[int]:
    """The moments (ms) of clicks with a click on another link within `_BURST`."""
    ordered = sorted(((click.at, str(click.properties.get("link"))) for click in clicks), key=itemgetter(0))
    moments = [moment for moment, _ in ordered]
    found = []
    for moment, link in ordered:
        start, end = bisect_left(moments, moment - _BURST), bisect_left(moments, moment + _BURST + 1)
        if any(other != link for _, other in ordered[start:end]):
            found.append(moment)
    return found
