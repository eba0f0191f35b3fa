"""Unsubscribing: a page with one button, and the POST that mail programs send by themselves.

Scanners open links, but send no forms, so opening the page changes nothing. The POST of a one-click unsubscription
(https://www.rfc-editor.org/rfc/rfc8058) comes without having seen the page. What its body says is not looked at: a no
is a no, however it is sent.
"""

from __future__ import annotations

from ripen.leads.identifiers import UNSUBSCRIBED
from track.pages.html import html_answer
from track.pages.page_request import PageRequest, Told, record
from track.pages.texts import TEXTS
from track.responses import Answer


def show(visit: PageRequest) -> Answer:
    """The page with the button."""
    title = TEXTS[visit.language]["unsubscribe_title"]
    return html_answer("unsubscribe.html", visit.language, visit.site, title=title, link=preferences_link(visit))


def take(visit: PageRequest) -> Answer:
    """The address is unsubscribed, whoever it belongs to now or later."""
    record(visit, "unsubscribed", Told("Unsubscribed", answer=UNSUBSCRIBED))
    say = TEXTS[visit.language]
    return html_answer(
        "message.html",
        visit.language,
        visit.site,
        title=say["unsubscribed_title"],
        text=say["unsubscribed_text"],
        link=preferences_link(visit),
        label=say["unsubscribed_link"],
    )


def preferences_link(visit: PageRequest) -> str:
    """The page of settings, beside this one."""
    return f"preferences?t={visit.text}&lang={visit.language}"
