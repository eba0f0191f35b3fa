"""HTML with Jinja2 in it, read as mail programs read it: which elements it has, with which attributes, and where.

Conditional comments of Outlook are read as what stands in them. Everything else is up to the standard library's parser;
it sees statements of Jinja2 as blanks and values as a letter that nothing else uses, so that quotation marks and `>` in
them end nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from itertools import accumulate
from typing import NamedTuple

UNREADABLE = re.compile(r"<!\[(?!(?:if|else|endif|cdata)(?![-_.a-z0-9]))", re.IGNORECASE)
"""What is neither HTML nor a condition for Outlook, and makes the standard library's parser give up."""

VALUE = "\ue010"
"""The letter that stands for a letter of a value."""

_TEXT = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
EXPRESSION = rf"\{{\{{(?:{_TEXT}|[^\"'])*?\}}\}}"
"""A value of Jinja2, as a part of a regular expression."""

JINJA = re.compile(rf"\{{\#.*?\#\}}|\{{%(?:{_TEXT}|[^\"'])*?%\}}|{EXPRESSION}", re.DOTALL)
"""A comment, a statement or a value of Jinja2."""

_OUTLOOK = re.compile(r"<!--\[if[^\]]*\]>(?:\s*<!-->)?|(?:<!--\s*)?<!\[endif\]-->", re.IGNORECASE)
_TAG = re.compile(r"<[^\t\n\r\f />]*")
_ATTRIBUTE = re.compile(
    r"(?<=[\t\n\r\f /\"'])(?P<name>[^\t\n\r\f />][^\t\n\r\f /=>]*)"
    r"(?:[\t\n\r\f ]*=[\t\n\r\f ]*(?P<value>'[^']*'|\"[^\"]*\"|(?![\"'])[^>\t\n\r\f ]*))?"
)
"""As `html.parser` reads attributes, but with their places."""


class Attribute(NamedTuple):
    """An attribute with what it holds between `start` and `end`; `quote` is empty when it stands without."""

    name: str
    value: str
    start: int
    end: int
    quote: str

    @property
    def meant(self) -> str:
        """The value, its entities read; Jinja2 in it stays as it is."""
        return unescape(self.value)


class Element(NamedTuple):
    """A start tag: its name in small letters, its position and its attributes.

    `torn`: a value stands where it could become an attribute or another element.
    """

    tag: str
    start: int
    attributes: tuple[Attribute, ...]
    torn: bool


class Style(NamedTuple):
    """What stands in a <style>, and where it begins."""

    text: str
    start: int


def parsed(source: str) -> Iterator[Element | Style]:
    """Every element of HTML or MJML, in order, and what is written in <style>."""
    reader = _Reader(source)
    reader.feed(reader.masked)
    reader.close()
    yield from reader.found


def masked(source: str) -> str:
    """The source with blanks for statements and VALUE for values of Jinja2, each as long as what it stands for."""
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
