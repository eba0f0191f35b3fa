"""Renders the pages that mails link to from the templates in this package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from answers.html import page_answer
from answers.responses import Answer, with_headers
from ripen.languages import in_language
from track.pages.page_request import PageRequest, page_link
from track.pages.texts import TEXTS

_TEMPLATES = Path(__file__).parent / "templates"


def html_answer(
    template: str,
    language: str,
    site: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Answer:
    """A page in `language`. In templates, `say` has its texts. `site` comes from `adapters.tracking.public_config`."""
    ours = {name: in_language(site[name], language, site["language"]) for name in ("from_name", "imprint")}
    answer = page_answer(_TEMPLATES, template, language, status, **values, **ours, say=TEXTS[language])
    return with_headers(answer, headers or {})


def message_page(visit: PageRequest, title: str, text: str, label: str, page: str) -> Answer:
    """A page with a message and a link, called `label`, to another page."""
    link = page_link(visit, page)
    return html_answer("message.html", visit.language, visit.site, title=title, text=text, link=link, label=label)
