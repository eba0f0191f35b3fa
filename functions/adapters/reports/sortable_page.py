"""Self-contained HTML pages of reports. Their only script, which a page names by its hash, sorts tables."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """The complete page; without its script everything is there, too."""
    script = _script()
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return templates().get_template(template).render(**values, script=script, script_hash=f"sha256-{digest}")


@cache
def templates() -> Environment:
    """The templates of reports."""
    loader = FileSystemLoader(_TEMPLATES)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@cache
def _script() -> str:
    return (_TEMPLATES / "sort.js").read_text(encoding="utf-8")
