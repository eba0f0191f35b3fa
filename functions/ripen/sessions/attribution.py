"""Touches: the campaign, ad, post or link that led a visitor to the site, derived from the context of events.

A lead has a first touch and a last touch. The last touch is the last one that is not direct, as in Google Analytics
("last non-direct click", https://support.google.com/analytics/answer/10596866): a direct visit a week after an ad is
attributed to the ad.
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
"""The time (ms) without an event after which a visit ends, as in Google Analytics
(https://support.google.com/analytics/answer/9191807). Facts about a lead count at most this time for one page."""

IgnoredHosts = frozenset[str]
"""Hosts, in lower case, from which a visitor returns rather than comes, with all their subdomains."""

NONE_IGNORED: IgnoredHosts = frozenset()

_LONGEST = 100
_LONGEST_CLICK_ID = 200
_LONGEST_PATH = 200
_LONGEST_URL = 2_000
_LARGEST_NUMBER = 10**15
_OLDEST = 3_650 * DAY
_PAGE_EVENTS = ("Page Viewed", "Screen Viewed")


class Touch(NamedTuple):
    """One arrival at the site at `at` (ms); unknown parts are empty.

    `channel` is one of `channel_groups.CHANNEL_GROUPS`. `click_id` is the kind and the id (`gclid:Cj0...`), `referrer`
    the host of the linking page (browsers send no more by default), `path` the page that the visitor saw.
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
        """True if no campaign, referrer or mail is known for the arrival."""
        return self.channel == "direct"

    def as_json(self) -> dict[str, Any]:
        """The parts as JSON values, without empty ones."""
        return {name: value for name, value in self._asdict().items() if value != ""}

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Touch:
        """The touch that `as_json` wrote."""
        return cls(**parts)


def touch_of(event: Event, ignored: IgnoredHosts = NONE_IGNORED) -> Touch | None:
    """The touch in an event; None if it has none. A link from an `ignored` host is no touch.

    The function accepts values of any type and length and never raises.
    """
    context = event.context
    campaign, host = context.get("campaign"), _host_outside(event)
    if host and ignored and is_ignored(host, ignored):
        host = ""
    if campaign and isinstance(campaign, dict) and (found := _from_campaign(campaign, event, host)):
        return found
    if context.get("token"):  # only links in Ripen's mails carry one
        return _touch(event, host, "ripen", "email")
    return _touch(event, host, site_of(host), medium_of(host)) if host else None


def direct_touch(event: Event) -> Touch:
    """The direct touch of a visit that begins with this event, for a visit without any other touch."""
    return Touch(event.at, "direct", path=path_of(event))


def returns(event: Event, ignored: IgnoredHosts) -> bool:
    """True if the visitor comes back from an `ignored` host, such as a payment provider."""
    return bool(ignored) and is_ignored(_host_outside(event), ignored)


@lru_cache(maxsize=1024)
def is_ignored(host: str, ignored: IgnoredHosts) -> bool:
    """True if `ignored` has the host or a domain that it belongs to."""
    labels = host.split(".")
    return any(".".join(labels[n:]) in ignored for n in range(len(labels)))


def first_touch(
    before: Touch | None, event: Event, found: Touch | None, ignored: IgnoredHosts = NONE_IGNORED
) -> Touch | None:
    """The earliest touch of a lead; None if it has no visit.

    `before` is the first touch of its earlier events, `found` the touch of this one. The browser may remember a first
    touch that is older than all events.
    """
    if event.context.get("firstTouch"):
        told = _remembered(event, before.at if before else None, ignored)
        if told is not None and (before is None or told.at < before.at):
            return told
    if before is not None and before.at <= event.at:
        return before
    own = found or (direct_touch(event) if on_page(event) else None)
    return own or before


def last_touch(before: Touch | None, found: Touch | None, idle: int) -> Touch | None:
    """The last touch that is not direct; `before` is that of earlier events, `found` the touch of this event.

    `idle` is the time (ms) without an event before this one. The events of a visit repeat the touch that began it, so
    within a visit the same touch does not replace `before`.
    """
    if found is None or found.direct:
        return before
    goes_on = before is not None and idle < VISIT_GAP and found[1:-1] == before[1:-1]  # all but `at` and `path`
    return before if goes_on else found


def on_page(event: Event) -> bool:
    """True if the event happened on a page or screen, in a visitor's browser or app."""
    return event.source != RIPEN and not event.bot and (event.name in _PAGE_EVENTS or bool(event.context.get("page")))


def path_of(event: Event) -> str:
    """The path of the event's page, without query and fragment, or the name of its app screen; empty if unknown."""
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
    if len(click_id) > _LONGEST_CLICK_ID:  # a cut id would be useless
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


def _remembered(event: Event, before: int | None, ignored: IgnoredHosts) -> Touch | None:
    """The first touch that the browser remembers, if it is older than `before` (ms)."""
    first = event.context.get("firstTouch")
    if not first or not isinstance(first, dict):
        return None
    at = _moment(first.get("at"), event.at)
    if before is not None and at >= before:
        return None
    context = {"campaign": first, "referrer": {"url": first.get("referrer")}, "page": {"path": first.get("path")}}
    then = Event(event.id, "", at, event.source, context=context)
    return touch_of(then, ignored) or direct_touch(then)


def _moment(value: object, latest: int) -> int:
    try:
        at = parse_iso(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return latest
    return at if latest - _OLDEST < at < latest else latest


def _host_outside(event: Event) -> str:
    """The host of the linking page; empty if it belongs to the same site."""
    referrer = event.context.get("referrer")
    url = referrer.get("url") if isinstance(referrer, dict) else referrer
    page = _page(event)
    return _outside(_cut(url or page.get("referrer")), _cut(page.get("url")))


def _page(event: Event) -> Mapping[str, Any]:
    """The data of the page: the properties of a page or screen call, otherwise `page` in the context."""
    page = event.properties if event.name in _PAGE_EVENTS else event.context.get("page")
    return page if isinstance(page, dict) else {}


def _cut(url: object) -> str:
    return url[:_LONGEST_URL] if isinstance(url, str) else ""


@lru_cache(maxsize=1024)
def _outside(url: str, page: str) -> str:
    """The host of a URL; empty if the page belongs to the same site."""
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
    """A value as one short line of printable text; empty if it is neither text nor a number."""
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
