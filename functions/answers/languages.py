"""Chooses the language of a page."""

from __future__ import annotations

from collections.abc import Container, Iterator


def language_for(known: Container[str], asked: str, accepted: str, usual: str) -> str:
    """The requested language, else the first known one in an Accept-Language header, else `usual`, else English."""
    wanted = (asked[:2].lower(), *_by_quality(accepted), usual)
    return next((language for language in wanted if language in known), "en")


def _by_quality(accepted: str) -> Iterator[str]:
    """Languages, best first (https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4); invalid parts are skipped."""
    ranked: list[tuple[float, int, str]] = []
    for part in accepted[:500].split(","):
        name, _, quality = part.replace(" ", "").partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if weight > 0:
            ranked.append((-weight, len(ranked), name[:2].lower()))
    yield from (name for _, _, name in sorted(ranked))
