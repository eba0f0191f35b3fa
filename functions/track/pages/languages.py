"""Which language a visitor of a page reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from track.pages.texts import TEXTS


def language_for(asked: str, accepted: str, usual: str) -> str:
    """The language of a page: the one asked for, the first of an Accept-Language header, the usual one, or English."""
    wanted = (asked[:2].lower(), *_by_quality(accepted), usual)
    return next((language for language in wanted if language in TEXTS), "en")


def _by_quality(accepted: str) -> Iterator[str]:
    """Source: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4. What is not of this form is passed over."""
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


def translated(texts: Mapping[str, str], language: str, usual: str) -> str:
    """A text in this language, else in the usual one, else in any; empty when there is none."""
    return texts.get(language) or texts.get(usual) or next(iter(texts.values()), "")
