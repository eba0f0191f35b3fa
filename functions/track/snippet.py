"""Serves the browser scripts that `make snippet` builds from web/ into this directory."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from answers.responses import Answer, binary_answer, empty_answer

SCRIPTS = {"ripen.js": "ripen.min.js", "offers.js": "offers.min.js"}
"""File name of each script."""


def script(name: str, event: Mapping[str, Any]) -> Answer:
    """A script, gzipped if the browser accepts it; 304 without a body if the ETag matches."""
    headers = event.get("headers") or {}
    packed = _takes_gzip(headers.get("accept-encoding", ""))
    body, tag = _representation(SCRIPTS[name], packed=packed)
    about = {"etag": tag, "cache-control": "public, max-age=3600", "vary": "accept-encoding"}
    known = {part.strip().removeprefix("W/") for part in headers.get("if-none-match", "").split(",")}
    if known & {tag, "*"}:
        return empty_answer(304, about)
    encoding = {"content-encoding": "gzip"} if packed else {}
    return binary_answer("text/javascript; charset=utf-8", body, about | encoding)


@cache
def _representation(file: str, *, packed: bool) -> tuple[bytes, str]:
    """The bytes and their strong ETag; the gzipped form has an ETag of its own."""
    plain = Path(__file__).with_name(file).read_bytes()
    body = gzip.compress(plain, 9, mtime=0) if packed else plain
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _takes_gzip(accepted: str) -> bool:
    offers = dict(part.replace(" ", "").lower().partition(";q=")[::2] for part in accepted.split(","))
    return bool((offers.get("gzip", "0") or "1").strip("0."))
