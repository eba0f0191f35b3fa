"""Pages from templates, with strict security headers.

A page has no script, loads nothing, cannot be framed, and sends no referrer.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from answers.responses import Answer

HSTS = "max-age=31536000"
"""A browser that opened a page uses https only for this host for a year (RFC 6797); other hosts are unaffected."""


def page_answer(folder: Path, template: str, language: str, status: int = 200, **values: Any) -> Answer:
    """A page from a template in `folder`, which also holds the style sheet of its pages (style.css)."""
    style, policy = _style(folder)
    body = _templates(folder).get_template(template).render({**values, "language": language, "style": style})
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-language": language,
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "strict-transport-security": HSTS,
    }
    return {"statusCode": status, "headers": headers, "body": body}


@cache
def _templates(folder: Path) -> Environment:
    loader = FileSystemLoader(folder)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@cache
def _style(folder: Path) -> tuple[Markup, str]:
    """The style sheet of all pages and the content security policy that allows only it."""
    style = (folder / "style.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'"
    return Markup(style), f"{allowed}; frame-ancestors 'none'; base-uri 'none'"  # noqa: S704 - a file of a package
