"""The page on which an approver says yes to a version of the rules that waits.

The link in the approver's mail holds a key, of which the table has a digest. Opening the page changes nothing, because
programs that check mails open every link. Some also press buttons, so the button counts only with a tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.rules.link_approvals import Pressed, press
from adapters.runtime.settings import ApproveSettings, settings
from adapters.tracking.waiting_version import Waiting, waiting_version
from answers.errors import PageError
from answers.form import Form, read_form
from answers.responses import Answer
from track.pages.html import html_answer
from track.pages.texts import TEXTS

LONGEST = 500
"""Characters of the reason for a yes."""


def answer_approval(event: Mapping[str, Any], site: Mapping[str, Any], language: str) -> Answer:
    """Show what waits, with a button, or take the yes.

    Raises PageError if the link is none of the version that waits now, or has expired.
    """
    method = event["requestContext"]["http"]["method"]
    if method not in ("GET", "HEAD", "POST"):
        raise PageError(405, "method", {"allow": "GET, HEAD, POST"})
    key = (event.get("queryStringParameters") or {}).get("t", "")
    if not key:
        raise PageError(400, "link")
    waiting = waiting_version(settings(ApproveSettings).table_name)
    if waiting is None or not waiting.approver(key) or int(event["requestContext"]["timeEpoch"]) > waiting.until:
        raise PageError(410, "decided")
    if method != "POST":
        return _show(waiting, key, site, language)
    form = read_form(event)
    if "read" not in form:
        failed = TEXTS[language]["approve_unread"]
        return _show(waiting, key, site, language, status=400, failed=failed, why=_reason(form))
    return _take(waiting, Pressed(key, _reason(form)), site, language)


def _show(waiting: Waiting, key: str, site: Mapping[str, Any], language: str, **more: Any) -> Answer:
    shown = {"title": TEXTS[language]["approve_title"].format(number=waiting.number), "waiting": waiting, "why": ""}
    shown |= {"approver": waiting.approver(key), "longest": LONGEST}
    return html_answer("approve.html", language, site, **{**shown, **more})


def _reason(form: Form) -> str:
    typed = form.get("why", ("",))[-1]
    return "".join(letter if letter.isprintable() else " " for letter in typed)[:LONGEST]


def _take(waiting: Waiting, yes: Pressed, site: Mapping[str, Any], language: str) -> Answer:
    press(settings(ApproveSettings).bucket_name, yes)
    say = TEXTS[language]
    title = say["approved_title"].format(number=waiting.number)
    return html_answer("message.html", language, site, title=title, text=say["approved_text"])
