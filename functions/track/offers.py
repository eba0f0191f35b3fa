"""GET /v1/offers: the offers that the website shows to a visitor. The answer contains no personal data.

With an `anonymousId`, these are the offers that campaigns chose for the visitor's lead. Without one (that is, without
consent), or if campaigns chose none, these are the offers marked for everybody.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.runtime.settings import TrackSettings, settings
from adapters.store import public_profile
from adapters.tracking import public_config
from answers.errors import RefusedRequestError
from answers.json_request import check_sender
from answers.responses import Answer, empty_answer, json_answer
from ripen.errors import InvalidEventError
from ripen.events.parsing import identifier
from ripen.events.sources import Sources
from ripen.languages import in_language, speaks, versions
from ripen.times import DAY, parse_duration

_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_][A-Za-z0-9_-]{0,32})?")
_FRESH = "private, max-age=10"


def offers(event: Mapping[str, Any], sources: Sources) -> Answer:
    """The offers for the visitor in the query, in the page's `language`, without those that link to its `path`.

    Answers 304 without a body if the ETag matches. Raises RefusedRequestError for an invalid key or id, and
    TableThrottledError.
    """
    query = event.get("queryStringParameters") or {}
    check_sender(query.get("writeKey"), event, sources)
    try:
        visitor = identifier(query, "anonymousId")
    except InvalidEventError as error:
        raise RefusedRequestError(400, error.field, error.problem, error.expected) from None
    table = settings(TrackSettings).table_name
    known = public_config.public_config(table, int(event["requestContext"]["timeEpoch"]))
    active = public_profile.read(table, f"a:{visitor}")["offers"] if visitor and known["offers"] else ()
    languages = (_language(query.get("language", "")), known["language"])
    body = {
        "offers": [
            _told(name, offer, languages)
            for name, offer in _chosen(known["offers"], active).items()
            if not _leads_to(offer, query.get("path", ""))
        ]
    }
    headers = event.get("headers") or {}
    tag = f'"{hashlib.sha256(json.dumps(body).encode()).hexdigest()[:32]}"'
    about = {"cache-control": _FRESH, "etag": tag}
    if tag in headers.get("if-none-match", "").replace("W/", "").replace(" ", "").split(","):
        return empty_answer(304, about)
    return json_answer(200, body, about)


def _chosen(every: Mapping[str, Any], active: Any) -> Mapping[str, Any]:
    """The active offers that still exist, in order; if there are none, the offers for everybody."""
    fitting = {name: every[name] for name in active if name in every}
    return fitting or {name: offer for name, offer in every.items() if offer["everybody"]}


def _told(name: str, offer: Mapping[str, Any], languages: tuple[str, str]) -> dict[str, Any]:
    language = next((language for language in languages if _is_written_in(language, offer)), languages[1])
    return {
        "name": name,
        "placement": offer["placement"],
        "slot": offer["slot"],
        "language": language,
        **{part: in_language(offer[part], language, languages[1]) for part in (*_TEXTS, "link", "image")},
        "dismissDays": parse_duration(offer["dismiss_for"]) / DAY,
    }


_TEXTS = ("title", "text", "button")


def _is_written_in(language: str, offer: Mapping[str, Any]) -> bool:
    """True if at least one text is written in this language, and each that exists by language is."""
    texts = [offer[part] for part in _TEXTS]
    return any(language in text for text in texts if not isinstance(text, str)) and all(
        speaks(text, language) for text in texts
    )


def _language(text: str) -> str:
    """`de` for `de-AT`; empty if `text` is not a language tag."""
    found = _LANGUAGE.fullmatch(text)
    return found[1].lower() if found else ""


def _leads_to(offer: Mapping[str, Any], path: str) -> bool:
    """True if the offer links to the page that requests it."""
    here = _page(path)
    return bool(here) and any(link.startswith("/") and _page(link) == here for link in versions(offer["link"]))


def _page(link: str) -> str:
    try:
        path = urlsplit(link).path
    except ValueError:
        return ""
    return path.rstrip("/") or "/" if path else ""
