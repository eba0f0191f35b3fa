"""The visitor's cookie, set by the tracking function on a domain of the site.

Browsers keep a cookie that a script has written for less time: Safari and every browser on iOS for 7 days, and for one
day after a link with a click id (https://webkit.org/tracking-prevention/). The snippet writes the cookie, so an answer
sets the same one again: the value that the request carries, with the day of this at its end. So it is set once a day,
and again after a script has written it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ripen.events.explicit_requests import is_request
from ripen.privacy.consent import GIVEN, WITHDRAWN
from ripen.times import DAY
from track.request import Parsed
from track.same_site import is_same_site, own_site

COOKIE = "ripen"
KEPT_FOR = 400 * 24 * 60 * 60
"""Seconds; browsers keep no cookie longer (https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html)."""

_VALUE = re.compile(r"no|yes\.([0-9a-f-]{36})(?:\.([0-9]{1,9}))?")


def cookie(event: Mapping[str, Any], parsed: Parsed) -> str | None:
    """The `Set-Cookie` for the answer to a request of a same-site page; None if there is nothing to set.

    The request has to carry the cookie. Only its own id is set, if events of this id were stored with consent. After
    a withdrawal it is `no`, as the snippet writes it.
    """
    carried = _carried(event)
    if carried is None or not is_same_site((event.get("headers") or {}).get("origin", "")):
        return None
    visitor, day = carried.groups()
    today = str(int(event["requestContext"]["timeEpoch"]) // DAY)
    said = _said(parsed, visitor)
    if said == WITHDRAWN:
        return _set("no")
    if said is None or visitor is None or day == today:
        return None
    return _set(f"yes.{visitor}.{today}")


def _said(parsed: Parsed, visitor: str | None) -> str | None:
    """The last decision of the visitor in the stored events; None if none of them was stored with consent.

    A cookie with `no` names nobody, and only a withdrawal counts.
    """
    said = None
    for received in parsed.accepted:
        if visitor is not None and received.subject != f"a:{visitor}":
            continue
        if received.event.name == WITHDRAWN:
            said = WITHDRAWN
        elif visitor is not None and (said is None or received.event.name == GIVEN) and not is_request(received.event):
            said = GIVEN
    return said


def _carried(event: Mapping[str, Any]) -> re.Match[str] | None:
    """The value of the request's cookie; None if there is none, or several that differ."""
    told = event.get("cookies") or (event.get("headers") or {}).get("cookie", "").split(";")
    pairs = (text.strip().partition("=") for text in told)
    values = {value for name, _, value in pairs if name == COOKIE}
    return _VALUE.fullmatch(values.pop()) if len(values) == 1 else None


def _set(value: str) -> str:
    return f"{COOKIE}={value}; Domain={own_site()}; Path=/; Max-Age={KEPT_FOR}; Secure; SameSite=Lax"
