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
    return message_page(visit, say["unsubscribed_title"], say["unsubscribed_text"], say["unsubscribed_link"])


def message_page(visit: PageRequest, title: str, text: str, label: str) -> Answer:
    """A page with a message and a link, called `label`, to the preferences page."""
    link = preferences_link(visit)
    return html_answer("message.html", visit.language, visit.site, title=title, text=text, link=link, label=label)


def preferences_link(visit: PageRequest) -> str:
    """The relative URL of the preferences page."""
    return f"preferences?t={visit.text}&lang={visit.language}"
