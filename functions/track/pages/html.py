"""Renders pages from the templates in this package, with strict security headers.

A page has no script, loads nothing, cannot be framed, and sends no referrer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ripen.languages import in_language
from track.pages.page_request import PageRequest, page_link
from track.pages.texts import TEXTS
from track.responses import Answer

HSTS = "max-age=31536000"
"""A browser that opened a page uses https only for this host for a year (RFC 6797); other hosts are unaffected."""

_HERE = Path(__file__).parent


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
    style, policy = _style()
    ours = {name: in_language(site[name], language, site["language"]) for name in ("from_name", "imprint")}
    filled = {**values, **ours, "say": TEXTS[language], "language": language, "style": style}
    body = _templates().get_template(template).render(filled)
    about = {
        "content-type": "text/html; charset=utf-8",
        "content-language": language,
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "strict-transport-security": HSTS,
    }
    return {"statusCode": status, "headers": about | {**(headers or {})}, "body": body}


@cache
def _templates() -> Environment:
    loader = FileSystemLoader(_HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@cache
def _style() -> tuple[Markup, str]:
    """The style sheet of all pages and the content security policy that allows only it."""
    style = (_HERE / "templates" / "style.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'"
    return Markup(style), f"{allowed}; frame-ancestors 'none'; base-uri 'none'"  # noqa: S704 - a file of this package


def message_page(visit: PageRequest, title: str, text: str, label: str, page: str) -> Answer:
    """A page with a message and a link, called `label`, to another page."""
    link = page_link(visit, page)
    return html_answer("message.html", visit.language, visit.site, title=title, text=text, link=link, label=label)
