"""Renders the pages of the sales function, in the language of the rep or of the browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from answers.html import page_answer
from answers.languages import language_for
from answers.responses import Answer
from sales.pages.texts import TEXTS

_TEMPLATES = Path(__file__).parent / "templates"


def html_answer(template: str, language: str, status: int = 200, **values: Any) -> Answer:
    """A page in `language`, a key of TEXTS. In templates, `say` has its texts."""
    return page_answer(_TEMPLATES, template, language, status, **values, say=TEXTS[language])


def language_of(event: Mapping[str, Any], *own: str) -> str:
    """The first known language of the rep's `own`, else that of the browser, else English."""
    accepted = (event.get("headers") or {}).get("accept-language", "")
    return next((one for one in own if one in TEXTS), "") or language_for(TEXTS, "", accepted, "en")
