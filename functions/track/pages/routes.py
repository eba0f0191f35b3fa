"""Routes page requests, checks their link token, and renders errors as pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from adapters.dynamodb.table import TableThrottledError
from adapters.identity.link_tokens import read_page
from adapters.runtime.secrets import keys
from adapters.runtime.settings import PagesSettings, settings
from adapters.tracking.public_config import NOTHING, public_config
from answers.errors import PageError
from answers.form import read_form
from answers.languages import language_for
from answers.responses import Answer
from track.pages import confirm, feedback, honeypot, preferences, unsubscribe
from track.pages.approve import answer_approval
from track.pages.html import html_answer
from track.pages.page_request import PageRequest
from track.pages.texts import TEXTS

_MAX_LINK = 2_000
"""Characters. Tokens made by Ripen have a few hundred."""


class _Page(NamedTuple):
    """The handlers of GET and POST; `reads` is True if the POST body is parsed as a form."""

    show: Callable[[PageRequest], Answer]
    take: Callable[[PageRequest], Answer]
    reads: bool = True


_PAGES = {
    "unsubscribe": _Page(unsubscribe.show, unsubscribe.take, reads=False),
    "preferences": _Page(preferences.show, preferences.take),
    "confirm": _Page(confirm.show, confirm.take),
    "feedback": _Page(feedback.show, feedback.take),
    "trap": _Page(honeypot.show, honeypot.take, reads=False),
}


def answer_page(event: Mapping[str, Any]) -> Answer:
    """Answer a function URL request for a page; errors are shown as a page too."""
    http = event["requestContext"]["http"]
    site = NOTHING
    try:
        site = public_config(settings(PagesSettings).table_name, int(event["requestContext"]["timeEpoch"]))
        name = http["path"].rpartition("/")[2]
        if name == "approve":
            answer = answer_approval(event, site, _language(event, site))
        else:
            answer = _answer(_PAGES[name], event, site)
    except PageError as error:
        answer = _problem(event, site, error)
    except TableThrottledError:
        from adapters.runtime.telemetry import logger  # noqa: PLC0415 - rare, and costly to import

        logger.warning("DynamoDB throttles; a page could not be answered")
        answer = _problem(event, site, PageError(503, "busy", {"retry-after": "60"}))
    return {**answer, "body": ""} if http["method"] == "HEAD" else answer


def _answer(page: _Page, event: Mapping[str, Any], site: Mapping[str, Any]) -> Answer:
    http = event["requestContext"]["http"]
    query = event.get("queryStringParameters") or {}
    if http["method"] not in ("GET", "HEAD", "POST"):
        raise PageError(405, "method", {"allow": "GET, HEAD, POST"})
    text = query.get("t", "")
    token = read_page(keys(settings(PagesSettings).link_secret_arn), text) if 0 < len(text) <= _MAX_LINK else None
    if token is None:
        raise PageError(400, "link")
    posted = http["method"] == "POST"
    visit = PageRequest(
        text=text,
        token=token,
        at=int(event["requestContext"]["timeEpoch"]),
        language=_language(event, site),
        site=site,
        query=query,
        form=read_form(event) if posted and page.reads else {},
        ip=http.get("sourceIp", ""),
    )
    return (page.take if posted else page.show)(visit)


def _problem(event: Mapping[str, Any], site: Mapping[str, Any], error: PageError) -> Answer:
    language = _language(event, site)
    say = TEXTS[language]
    return html_answer(
        "message.html",
        language,
        site,
        status=error.status,
        headers=error.headers,
        title=say["problem_title"],
        text=say[f"problem_{error.kind}"],
    )


def _language(event: Mapping[str, Any], site: Mapping[str, Any]) -> str:
    query, headers = event.get("queryStringParameters") or {}, event.get("headers") or {}
    return language_for(TEXTS, query.get("lang", ""), headers.get("accept-language", ""), site["language"])
