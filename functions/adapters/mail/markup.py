"""A parser for HTML with Jinja2, which gives elements and attributes with their positions.

The content of Outlook's conditional comments is parsed as HTML. The standard library's parser gives the positions. It
sees Jinja2 statements as blanks and values as a private-use character, so that quotation marks and `>` in them have no
effect. What an attribute means is read by lxml, by the rules of browsers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import accumulate
from typing import NamedTuple

from markupsafe import escape

UNREADABLE = re.compile(r"<!\[(?!(?:if|else|endif|cdata)(?![-_.a-z0-9]))", re.IGNORECASE)
"""A declaration that is neither HTML nor a condition for Outlook; the standard library's parser fails on it."""

VALUE = "\ue010"
"""The character that replaces each character of a Jinja2 value."""

_TEXT = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
EXPRESSION = rf"\{{\{{(?:{_TEXT}|[^\"'])*?\}}\}}"
"""The regular expression of a Jinja2 value, `{{ ... }}`."""

JINJA = re.compile(rf"\{{\#.*?\#\}}|\{{%(?:{_TEXT}|[^\"'])*?%\}}|{EXPRESSION}", re.DOTALL)
"""A Jinja2 comment, statement or value."""

_PARTS = re.compile(f"({JINJA.pattern})", re.DOTALL)
_BRACES = {ord("{"): "&#123;", ord("}"): "&#125;"}
_OUTLOOK = re.compile(r"<!--\[if[^\]]*\]>(?:\s*<!-->)?|(?:<!--\s*)?<!\[endif\]-->", re.IGNORECASE)
_TAG = re.compile(r"<[^\t\n\r\f />]*")
_ATTRIBUTE = re.compile(
    r"(?<=[\t\n\r\f /\"'])(?P<name>[^\t\n\r\f />][^\t\n\r\f /=>]*)"
    r"(?:[\t\n\r\f ]*=[\t\n\r\f ]*(?P<value>'[^']*'|\"[^\"]*\"|(?![\"'])[^>\t\n\r\f ]*))?"
)
"""An attribute as `html.parser` reads it; the match also gives its position."""


class Attribute(NamedTuple):
    """An attribute whose value lies between `start` and `end`; `quote` is empty if the value is not quoted."""

    name: str
    value: str
    start: int
    end: int
    quote: str

    @property
    def meant(self) -> str:
        """The value with its entities decoded; Jinja2 in it stays unchanged."""
        return _by_part(self.value, _as_attribute)

    @property
    def normalized(self) -> str:
        """The value with all its entities written out in full, so that every program reads in it what browsers do."""
        return _by_part(self.value, lambda part: escape(_as_attribute(part)).translate(_BRACES))


class Element(NamedTuple):
    """A start tag: its name in lowercase, its position and its attributes.

    `torn` is true if a value stands where it could become an attribute or another element.
    """

    tag: str
    start: int
    attributes: tuple[Attribute, ...]
    torn: bool


class Style(NamedTuple):
    """The text of a <style> element, and its position."""

    text: str
    start: int


def parsed(source: str) -> Iterator[Element | Style]:
    """All elements of HTML or MJML, and the texts of <style> elements, in order."""
    reader = _Reader(source)
    reader.feed(reader.masked)
    reader.close()
    yield from reader.found


def title_text(source: str) -> str:
    """The content of a <title> as browsers read it; Jinja2 in it stays unchanged."""
    return _by_part(source, _as_title)


def _by_part(source: str, change: Callable[[str], str]) -> str:
    """The source with `change` applied to everything that is not Jinja2."""
    parts = _PARTS.split(source)
    for number in range(0, len(parts), 2):
        if "&" in parts[number]:
            # A letter stands for the Jinja2 that follows, as `&copy` is a sign only where no letter or `=` follows.
            follows = "z" if number + 1 < len(parts) else ""
            parts[number] = change(parts[number] + follows).removesuffix(follows)
    return "".join(parts)


def _as_attribute(text: str) -> str:
    """Source of the rules: https://html.spec.whatwg.org/multipage/parsing.html#named-character-reference-state."""
    from lxml.html import fragment_fromstring  # noqa: PLC0415 - only publishing reads HTML, and sending starts fast

    quoted = text.replace('"', "&#34;")
    return str(fragment_fromstring(f'<a title="{quoted}">x</a>').get("title"))


def _as_title(text: str) -> str:
    from lxml.html import document_fromstring  # noqa: PLC0415 - as above

    return str(document_fromstring(f"<title>{text}</title>").findtext(".//title"))


def masked(source: str) -> str:
    """The source with Jinja2 statements replaced by blanks and values by VALUE, at the same length."""
    return JINJA.sub(_mask, source)


def _mask(found: re.Match[str]) -> str:
    return (VALUE if found[0].startswith("{{") else " ") * len(found[0])


class _Reader(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = source
        self.masked = _OUTLOOK.sub(_mask, masked(source))
        self.lines = [0, *accumulate(len(line) + 1 for line in self.masked.split("\n"))]
        self.found: list[Element | Style] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._position()
        text = self.get_starttag_text() or ""
        name = _TAG.match(text)
        places = [*_ATTRIBUTE.finditer(text, name.end() if name else 0)]
        names = [place["name"].lower() for place in places]
        torn = VALUE in tag or any(VALUE in name for name in names) or names != [name for name, _ in attrs]
        attributes = tuple(self._attribute(place, start) for place in places if place["value"] is not None)
        self.found.append(Element(tag, start, attributes, torn))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            start = self._position()
            self.found.append(Style(self.source[start : start + len(data)], start))

    def _attribute(self, place: re.Match[str], start: int) -> Attribute:
        quote = place["value"][:1] if place["value"][:1] in {'"', "'"} else ""
        begin, end = start + place.start("value") + len(quote), start + place.end("value") - len(quote)
        return Attribute(place["name"].lower(), self.source[begin:end], begin, end, quote)

    def _position(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column
