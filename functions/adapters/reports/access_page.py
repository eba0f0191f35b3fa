"""What is stored about a person as one readable HTML page in English or German, which loads nothing.

`told` is the object that `ripen lead export` writes as `data.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from adapters.reports.sortable_page import templates
from ripen.times import to_iso

_MINUTE = len("2026-11-21T09:30")
_MOMENT = range(10**12, 10**14)
"""Whole numbers that are moments: milliseconds of the years 2001 to 5138."""

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "What we have stored about you",
        "made": "As of {at} (UTC). The file data.json beside this page holds the same for machines, complete.",
        "person": "You",
        "calculated": "What we calculated from it",
        "consent": "Consent and preferences",
        "addresses": "Your addresses",
        "history": "What happened",
        "stored": "All stored items",
        "when": "when (UTC)",
        "what": "what",
        "details": "details",
        "items": "items",
        "nothing": "Nothing.",
        "mails": "Of a mail we keep its name, time and what became of it, not its text.",
    },
    "de": {
        "title": "Was wir über Sie gespeichert haben",
        "made": "Stand {at} (UTC). Die Datei data.json neben dieser Seite enthält dasselbe vollständig für Maschinen.",
        "person": "Sie",
        "calculated": "Was wir daraus errechnet haben",
        "consent": "Einwilligung und Einstellungen",
        "addresses": "Ihre Adressen",
        "history": "Was geschehen ist",
        "stored": "Alle gespeicherten Einträge",
        "when": "wann (UTC)",
        "what": "was",
        "details": "Einzelheiten",
        "items": "Einträge",
        "nothing": "Nichts.",
        "mails": "Von einer E-Mail bewahren wir Namen, Zeit und Verbleib auf, nicht ihren Text.",
    },
}


def page(told: Mapping[str, Any], language: str) -> str:
    """The complete HTML page."""
    say = TEXTS[language]
    return (
        templates()
        .get_template("access.html")
        .render(
            language=language,
            say=say,
            told=told,
            made=say["made"].format(at=_moment(told["at"])),
            text=_text,
            at=_moment,
        )
    )


def _moment(at: int) -> str:
    return to_iso(at)[:_MINUTE].replace("T", " ")


def _text(value: Any) -> str:
    """A value as a text: moments as times, objects and lists as JSON."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int) and value in _MOMENT:
        return _moment(value)
    if isinstance(value, str | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False, indent=1)
