"""The unsubscribe page: a form with one button, and the one-click POST of mail programs.

Link scanners open links but submit no forms, so a GET changes nothing. A one-click POST
(https://www.rfc-editor.org/rfc/rfc8058) arrives without a GET before it. Its body is ignored: every POST unsubscribes.
"""

from __future__ import annotations

from answers.responses import Answer
from ripen.leads.identifiers import UNSUBSCRIBED
from track.pages.html import html_answer, message_page
from track.pages.page_request import PageRequest, Told, page_link, record, replies
from track.pages.texts import TEXTS


def show(visit: PageRequest) -> Answer:
    """The page with the button, or a message if the address is unsubscribed already."""
    if replies(visit).reason == UNSUBSCRIBED:
        return _done(visit, TEXTS[visit.language]["already_title"])
    title = TEXTS[visit.language]["unsubscribe_title"]
    link = page_link(visit, "preferences")
    return html_answer("unsubscribe.html", visit.language, visit.site, title=title, link=link)


def take(visit: PageRequest) -> Answer:
    """Unsubscribe the address; the suppression stays with the address whichever lead owns it."""
    say, already = TEXTS[visit.language], replies(visit).reason == UNSUBSCRIBED
    record(visit, "unsubscribed", Told("Unsubscribed", answer=UNSUBSCRIBED))
    return _done(visit, say["already_title"] if already else say["unsubscribed_title"])


def _done(visit: PageRequest, title: str) -> Answer:
    say = TEXTS[visit.language]
    return message_page(visit, title, say["unsubscribed_text"], say["unsubscribed_link"], "preferences")
