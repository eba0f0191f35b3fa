"""Double opt-in: a page that shows the consent text and stores the proof of consent.

It also shows personal data that an unproven browser typed, for correction or removal. Only the values that the
recipient submits are stored.
"""

from __future__ import annotations

import hashlib
from typing import Any

from adapters.runtime.settings import PagesSettings, settings
from adapters.store.public_profile import read
from answers.responses import Answer
from ripen.events.networks import network_of
from ripen.languages import in_language, speaks
from ripen.leads.identifiers import DISOWNED, UNDELIVERABLE
from ripen.leads.suppression import CONFIRMED
from ripen.leads.traits import MAX_NAME, NAMES
from track.pages.html import html_answer, message_page
from track.pages.page_request import PageRequest, Told, record_or_refuse, replies
from track.pages.texts import TEXTS


def show(visit: PageRequest, **more: Any) -> Answer:
    """The page with the consent text, the typed personal data and the buttons."""
    text = _text(visit)
    title = TEXTS[visit.language]["confirm_title"]
    typed = read(settings(PagesSettings).table_name, visit.token.subject)["about"]
    about = [{"name": name, "value": typed[name]} for name in NAMES if name in typed]
    return html_answer(
        "confirm.html", visit.language, visit.site, title=title, text=text, version=_version(text), about=about, **more
    )


def take(visit: PageRequest) -> Answer:
    """Confirm the address, or record that the typed data is not the recipient's (`disown`).

    The proof holds the text, its digest, the language and the truncated IP address. If the text has changed since the
    page was opened, the page is shown again (409). Raises PageError if the lead was erased.
    """
    text, say = _text(visit), TEXTS[visit.language]
    if visit.sent("action") == "disown":
        record_or_refuse(visit, "disowned", Told(DISOWNED))
        return _message(visit, say["disowned_title"], say["disowned_text"])
    if visit.sent("version") != _version(text):
        return show(visit, status=409, failed=say["confirm_changed"])
    proof = {
        "text_version": _version(text),
        "text": text,
        "language": visit.language,
        "ip": str(network_of(visit.ip) or ""),
    }
    said = {name: " ".join(visit.sent(name).split())[:MAX_NAME] for name in NAMES}
    traits = {name: text for name, text in said.items() if text}
    record_or_refuse(visit, "confirmed", Told("Subscription Confirmed", proof, traits, CONFIRMED))
    no = replies(visit).reason  # a confirmation takes back an unsubscription, and nothing else
    text = say[f"status_{no}"] if no in UNDELIVERABLE else say["confirmed_text"]
    return message_page(visit, say["confirmed_title"], text, say["unsubscribed_link"], "preferences")


def _message(visit: PageRequest, title: str, text: str) -> Answer:
    return html_answer("message.html", visit.language, visit.site, title=title, text=text)


def _text(visit: PageRequest) -> str:
    """The consent text of the rules or, in a language that it lacks, that of the pages."""
    language, usual, own = visit.language, visit.site["language"], visit.site["opt_in"]
    if speaks(own, language) and (text := in_language(own, language, usual)):
        return text
    say, sender = TEXTS[language], in_language(visit.site["from_name"], language, usual)
    return say["confirm_agreed"].format(sender=sender or say["confirm_us"])


def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
