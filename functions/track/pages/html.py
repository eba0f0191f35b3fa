"""Pages as HTML: rendered from the templates beside this file, with headers that let them do next to nothing.

They have no script, load nothing, may be framed by nobody, and send their address to nobody.
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

from track.pages.languages import translated
from track.pages.texts import TEXTS
from track.responses import Answer

HSTS = "max-age=31536000"
"""Browsers that saw a page come by https only, for a year (RFC 6797); other hosts of the domain are not bound."""

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
    """A page in `language`. In templates, `say` has its texts, and `site` is of `adapters.tracking.public_config`."""
    style, policy = _style()
    imprint = translated(site["imprint"], language, site["language"])
    body = (
        _templates()
        .get_template(template)
        .render(
            {**values, "say": TEXTS[language], "language": language, "style": style, "imprint": imprint, "site": site}
        )
    )
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
    """The one style of all pages, and the policy that allows it and nothing else."""
    style = (_HERE / "templates" / "style.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'"
    return Markup(style), f"{allowed}; frame-ancestors 'none'; base-uri 'none'"  # noqa: S704 - the file beside this one
