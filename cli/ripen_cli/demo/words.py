"""The words around the pages of the demo's website, in each of its languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Language(NamedTuple):
    """A language of the website: its code, its own name, the path of its home page without a slash, and the words."""

    code: str
    name: str
    root: str
    words: Mapping[str, str]


_EN = {
    "description": "Tallyfern turns enquiries into quotes, and quotes into orders. Made for small workshops.",
    "skip": "Skip to the content",
    "main": "Main",
    "solutions": "Solutions",
    "guides": "Guides",
    "webinar": "Webinar",
    "workshop": "Workshop",
    "read_on": "Read on",
    "made_up": "is made up, and so is everything on these pages.",
    "privacy": "Privacy",
    "cookies": "Cookie settings",
    "behind": "Behind the scenes: your lead record",
    "consent_title": "May we remember your visit?",
    "consent_text": "With your consent we note which pages and tools you use, to show you what fits. Without it we "
    "note nothing of your visit, and the site works just the same: a form that you send is answered.",
    "consent_more": "More about it",
    "decline": "Decline",
    "accept": "Accept",
}
_DE = {
    "description": "Tallyfern macht aus Anfragen Angebote und aus Angeboten Aufträge. Für kleine Betriebe.",
    "skip": "Zum Inhalt springen",
    "main": "Hauptmenü",
    "solutions": "Lösungen",
    "guides": "Leitfäden",
    "webinar": "Webinar",
    "workshop": "Workshop",
    "read_on": "Weiterlesen",
    "made_up": "ist frei erfunden, wie alles auf diesen Seiten.",
    "privacy": "Datenschutz",
    "cookies": "Cookie-Einstellungen",
    "behind": "Hinter den Kulissen: was wir über Sie wissen",
    "consent_title": "Dürfen wir uns an Ihren Besuch erinnern?",
    "consent_text": "Wenn Sie zustimmen, erfassen wir, welche Seiten und Werkzeuge Sie nutzen, und zeigen Ihnen "
    "Passendes. Sonst erfassen wir nichts über Ihren Besuch. Die Website funktioniert dann genauso, und wenn Sie ein "
    "Formular senden, bekommen Sie eine Antwort.",
    "consent_more": "Mehr dazu",
    "decline": "Ablehnen",
    "accept": "Zustimmen",
}
LANGUAGES = (Language("en", "English", "", _EN), Language("de", "Deutsch", "/de", _DE))
