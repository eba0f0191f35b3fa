"""The sales function: answers requests of reps' browsers, of servers and of CRMs at its function URL.

Each route is loaded when it is first asked for, so a call of a CRM loads no templates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import Any

from adapters.dynamodb.table import TableThrottledError
from adapters.runtime.telemetry import logger
from answers.errors import PageError, RefusedRequestError
from answers.responses import Answer, json_answer
from ripen.errors import VersionConflictError

CALLS: Mapping[str, str] = {
    "decisions": "sales.decisions:answer_decision",
    "crm/results": "sales.crm.results:answer",
    "crm/hubspot": "sales.crm.hubspot:answer",
    "crm/salesforce": "sales.crm.salesforce:answer",
}
"""The function `(event) -> Answer` of each call of a server, by the last segments of its path. Errors are JSON."""

PAGES: Mapping[str, str] = {
    "dossier": "sales.pages.dossier:answer_dossier",
}
"""The function `(event) -> Answer` of each page, by the last segments of its path. Errors are pages."""

_BUSY = (TableThrottledError, VersionConflictError)
_RETRY = {"retry-after": "2"}
_OTHER_METHOD = PageError(405, "method", {"allow": "GET, HEAD, POST"})


def handler(event: Mapping[str, Any], _context: object) -> Answer:
    """Answer an HTTP request in the format of function URLs."""
    path = event["requestContext"]["http"]["path"]
    page = _route(PAGES, path)
    if page:
        return _page(page, event)
    try:
        return _call(event, _route(CALLS, path))
    except RefusedRequestError as refusal:
        wait = {"retry-after": str(refusal.retry_after)} if refusal.retry_after else {}
        return json_answer(refusal.status, {"success": False, "errors": [refusal.error.as_json()]}, wait)
    except _BUSY:
        logger.warning("DynamoDB throttles, or the lead is being merged; the sender may retry")
        return json_answer(429, {"success": False, "message": "busy; send the same request again"}, _RETRY)


def _call(event: Mapping[str, Any], name: str) -> Answer:
    http = event["requestContext"]["http"]
    if not name:
        known = ", ".join(f"/v1/{path}" for path in (*CALLS, *PAGES))
        raise RefusedRequestError(404, "path", f"{http['path'][:80]!r} is not known", f"one of {known}")
    if http["method"] != "POST":
        raise RefusedRequestError(405, "method", f"is {http['method'][:20]!r}", "POST")
    return _loaded(name)(event)


def _page(name: str, event: Mapping[str, Any]) -> Answer:
    method = event["requestContext"]["http"]["method"]
    try:
        answer = _loaded(name)(event) if method in ("GET", "HEAD", "POST") else _problem(event, _OTHER_METHOD)
    except PageError as error:
        answer = _problem(event, error)
    except _BUSY:
        logger.warning("DynamoDB throttles, or the lead is being merged; a page could not be answered")
        answer = _problem(event, PageError(503, "busy", {"retry-after": "60"}))
    return {**answer, "body": ""} if method == "HEAD" else answer


def _problem(event: Mapping[str, Any], error: PageError) -> Answer:
    from sales.pages.problems import problem_page  # noqa: PLC0415 - calls need no templates

    return problem_page(event, error)


def _route(routes: Mapping[str, str], path: str) -> str:
    """The name of the function for a path; empty if there is none. A base path before the last segments is ignored."""
    parts = path.strip("/").split("/")
    return routes.get("/".join(parts[-2:])) or routes.get(parts[-1], "")


def _loaded(name: str) -> Callable[[Mapping[str, Any]], Answer]:
    found: Callable[[Mapping[str, Any]], Answer] = resolve_name(name)
    return found
