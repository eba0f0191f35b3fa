"""The three forms of every report: an HTML page, JSON, or text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click


def show(
    html: Path | None,
    *,
    as_json: bool,
    page: Callable[[], str],
    values: Callable[[], Mapping[str, Any]],
    text: Callable[[], str],
) -> None:
    """Write the `page` to the file `html`, if there is one; otherwise print the `values` as JSON, or the `text`."""
    if html:
        html.write_text(page(), encoding="utf-8")
        click.echo(f"Written: {html}")
    else:
        click.echo(json.dumps(values(), indent=2) if as_json else text())
