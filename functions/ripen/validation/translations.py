"""Checks of texts that are given by language: those that a lead would read in another language, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ripen.config.configuration import Configuration
from ripen.config.schema.base import Path, inner_values
from ripen.config.schema.content import Asset
from ripen.config.schema.translated import Texts
from ripen.languages import speaks

Problems = Iterator[tuple[Path, str]]


def missing_texts(configuration: Configuration) -> Problems:
    """Texts that are missing in the default language and, of content, in a language of its links."""
    default = configuration.mailing.language
    for path, text in texts_by_language(configuration):
        if default not in text and not _of_content(path):
            yield path, f"has no text in {default!r}, which is the default language (mailing.language); add one"
    for key, asset in configuration.content.items():
        for part, language in _missing(asset, default):
            why = "the default language" if isinstance(asset.link, str) else "a language in which it has a link"
            yield ("content", key, part), f"has no text in {language!r}, {why}; add one"
        if not asset.link:
            yield ("content", key, "link"), "has no language; add the link in at least one"


def untranslated(configuration: Configuration, languages: Collection[str]) -> Problems:
    """Warnings about texts that are missing in one of the `languages` of the mails."""
    for path, text in texts_by_language(configuration):
        if _of_content(path) and isinstance(configuration.content[str(path[1])].link, Mapping):
            continue  # leads with other languages do not get it
        for language in sorted({*languages} - {*text}):
            yield path, f"has no text in {language!r}, although there are mails in it; add one"


def _missing(asset: Asset, default: str) -> Iterator[tuple[str, str]]:
    needed = (default,) if isinstance(asset.link, str) else asset.link
    for part, text in (("title", asset.title), ("text", asset.text)):
        yield from ((part, language) for language in needed if not speaks(text, language))


def _of_content(path: Path) -> bool:
    return path[0] == "content"


def texts_by_language(configuration: Configuration) -> Iterator[tuple[Path, Texts]]:
    """Every text that is given by language."""
    waiting: list[tuple[Path, object]] = [((), configuration)]
    while waiting:
        path, value = waiting.pop(0)
        if isinstance(value, Texts):
            yield path, value
        else:
            waiting += inner_values(path, value)
