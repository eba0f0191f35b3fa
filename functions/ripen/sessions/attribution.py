"""Touches: which campaign, ad, post or link brought a visitor, told from what the browser says beside an event.

A lead has a first touch and a last one. The last is the last that was not direct, as in Google Analytics ("last
non-direct click", https://support.google.com/analytics/answer/10596866): who types the address a week after the ad came
because of the ad.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ripen.events.event import RIPEN, Event
from ripen.sessions.channel_groups import CLICK_IDS, channel_of, medium_of, site_of
from ripen.times import DAY, MINUTE, parse_iso

VISIT_GAP = 30 * MINUTE
"""A visit ends after so long without an event, as in Google Analytics
(https://support.google.com/analytics/answer/9191807). No page counts as seen for longer."""

_LONGEST = 100
_LONGEST_CLICK_ID = 200
_LONGEST_PATH = 200
_LONGEST_URL = 2_000
_LARGEST_NUMBER = 10**15
_OLDEST = 3_650 * DAY
_PAGE_EVENTS = ("Page Viewed", "Screen Viewed")


class Touch(NamedTuple):
    """One way to the site, taken at `at` (milliseconds); what is not known is empty.

    `channel` is one of `channel_groups.CHANNELS`. `click_id` is its kind and the id (`gclid:Cj0...`), `referrer` the
    host of the page that linked here (all that browsers tell by default), `path` the page that was seen.
    """

    at: int
    channel: str
    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    click_id: str = ""
    referrer: str = ""
    path: str = ""

    @property
    def direct(self) -> bool:
        """Whether nothing brought the visitor that we know of."""
        return self.channel == "direct"

    def as_json(self) -> dict[str, Any]:
        """Plain values; empty parts are left out."""
        return {name: value for name, value in self._asdict().items() if value != ""}

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Touch:
        """What `as_json` gave."""
        return cls(**parts)


def touch_of(event: Event) -> Touch | None:
    """What brought the visitor, as far as this event tells; None when it does not.

    Nothing in an event is believed to be of a certain type or length, and none of it raises.
    """
    context = event.context
    campaign, host = context.get("campaign"), _host_outside(event)
    if campaign and isinstance(campaign, dict) and (found := _from_campaign(campaign, event, host)):
        return found
    if context.get("token"):  # only links in our own mails carry one
        return _touch(event, host, "ripen", "email")
    return _touch(event, host, site_of(host), medium_of(host)) if host else None


def direct_touch(event: Event) -> Touch:
    """The touch of a visit that began with this event, when none of its events tells of another."""
    return Touch(event.at, "direct", path=path_of(event))


def first_touch(before: Touch | None, event: Event, found: Touch | None) -> Touch | None:
    """The earliest touch of a lead, `before` being the one of its other events; None as long as nobody visited a site.

    `found` is the touch of the event itself; the browser may remember one that is older than any event that was sent.
    """
    if event.context.get("firstTouch"):
        told = _remembered(event, before.at if before else None)
        if told is not None and (before is None or told.at < before.at):
            return told
    if before is not None and before.at <= event.at:
        return before
    own = found or (direct_touch(event) if on_page(event) else None)
    return own or before


def last_touch(before: Touch | None, found: Touch | None, idle: int) -> Touch | None:
    """The last touch that was not direct; `before` is the one of earlier events, `found` that of this one.

    `idle` is how long the lead had done nothing before this event, in milliseconds: while a visit goes on, its events
    repeat the touch that began it, which stays as it was.
    """
    if found is None or found.direct:
        return before
    goes_on = before is not None and idle < VISIT_GAP and found[1:-1] == before[1:-1]  # all but the moment and the path
    return before if goes_on else found


def on_page(event: Event) -> bool:
    """Whether the event happened on a page, in a visitor's browser or app."""
    return event.source != RIPEN and not event.bot and (event.name in _PAGE_EVENTS or bool(event.context.get("page")))


def path_of(event: Event) -> str:
    """The path of the page on which the event happened, without query and fragment, or the name of the app's screen.

    Empty when the event tells neither.
    """
    page = _page(event)
    path = _text(page.get("path") or event.properties.get("path"), _LONGEST_PATH) or _path_in(page.get("url"))
    if not path and event.name == "Screen Viewed":
        return _text(event.properties.get("name"), _LONGEST_PATH)
    return path.partition("?")[0].partition("#")[0]


def _path_in(url: object) -> str:
    try:
        return _text(urlsplit(_text(url, _LONGEST_URL)).path, _LONGEST_PATH)
    except ValueError:
        return ""


def _from_campaign(campaign: Mapping[str, Any], event: Event, host: str) -> Touch | None:
    kind = _text(campaign.get("clickIdType")).lower()
    source, medium = _text(campaign.get("source")).lower(), _text(campaign.get("medium")).lower()
    source_of_click, medium_of_click = CLICK_IDS.get(kind, ("", ""))
    click_id = _text(campaign.get("clickId"), _LONGEST_CLICK_ID + 1)
    if len(click_id) > _LONGEST_CLICK_ID:  # half an id is none
        click_id = ""
    found = _touch(
        event,
        host,
        source or source_of_click,
        medium or ("" if source else medium_of_click),
        campaign=_text(campaign.get("name")),
        content=_text(campaign.get("content")),
        term=_text(campaign.get("term")),
        click_id=f"{kind}:{click_id}" if kind and click_id else "",
    )
    told = found.source or found.medium or found.campaign or found.content or found.term or found.click_id
    return found if told else None


def _touch(event: Event, host: str, source: str, medium: str, **parts: str) -> Touch:
    channel = channel_of(source, medium)
    if channel == "direct" and any(parts.values()):
        channel = "other"
    return Touch(
        event.at,
        channel,
        source,
        medium,
        referrer=host,
        path=path_of(event),
        **parts,
    )


def _remembered(event: Event, before: int | None) -> Touch | None:
    """The first touch as the browser remembers it, if it is older than `before`."""
    first = event.context.get("firstTouch")
    if not first or not isinstance(first, dict):
        return None
    at = _moment(first.get("at"), event.at)
    if before is not None and at >= before:
        return None
    context = {"campaign": first, "referrer": {"url": first.get("referrer")}, "page": {"path": first.get("path")}}
    then = Event(event.id, "", at, event.source, context=context)
    return touch_of(then) or direct_touch(then)


def _moment(value: object, latest: int) -> int:
    try:
        at = parse_iso(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return latest
    return at if latest - _OLDEST < at < latest else latest


def _host_outside(event: Event) -> str:
    """The host that linked here, unless it is the site itself."""
    referrer = event.context.get("referrer")
    url = referrer.get("url") if isinstance(referrer, dict) else referrer
    page = _page(event)
    return _outside(_cut(url or page.get("referrer")), _cut(page.get("url")))


def _page(event: Event) -> Mapping[str, Any]:
    """What is said of the page: in the properties of a page call, in the context of any other."""
    page = event.properties if event.name in _PAGE_EVENTS else event.context.get("page")
    return page if isinstance(page, dict) else {}


def _cut(url: object) -> str:
    return url[:_LONGEST_URL] if isinstance(url, str) else ""


@lru_cache(maxsize=1024)
def _outside(url: str, page: str) -> str:
    """The host of a URL, unless the page is of the same site."""
    host, own = _host(url), _host(page)
    return "" if host and own and _inside(host, own) else host


def _inside(host: str, own: str) -> bool:
    host, own = f".{host.removeprefix('www.')}", f".{own.removeprefix('www.')}"
    return host.endswith(own) or own.endswith(host)


@lru_cache(maxsize=1024)
def _host(url: str) -> str:
    try:
        return _text((urlsplit(url).hostname or "").lower()).rstrip(".")
    except ValueError:
        return ""


def _text(value: object, longest: int = _LONGEST) -> str:
    """A value as one short line of printable text; empty when it is neither text nor a number."""
    if not value:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < abs(value) < _LARGEST_NUMBER:
        value = str(value)
    return _line(value[:_LONGEST_URL], longest) if isinstance(value, str) else ""


@lru_cache(maxsize=1024)
def _line(text: str, longest: int) -> str:
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())[:longest].rstrip()
