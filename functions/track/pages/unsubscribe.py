"""The unsubscribe page: a form with one button, and the one-click POST of mail programs.

Link scanners open links but submit no forms, so a GET changes nothing. A one-click POST
(https://www.rfc-editor.org/rfc/rfc8058) arrives without a GET before it. Its body is ignored: every POST unsubscribes.
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
    """Unsubscribe the address; the suppression stays with the address whichever lead owns it."""
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
    """The relative URL of the preferences page."""
    return f"preferences?t={visit.text}&lang={visit.language}"
