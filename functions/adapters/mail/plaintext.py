"""The text part of a mail, made from its compiled HTML. Jinja2 in it stays unchanged."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml.etree import iterwalk
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from adapters.mail.links import unmarked
from adapters.mail.markup import JINJA

_BLOCKS = {"div", "p", "table", "tr", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote", "hr"}
_UNSEEN = {"head", "script", "style", "title"}
_OWN_LINE = re.compile(r"display:\s*(?:inline-)?block", re.IGNORECASE)
_HIDDEN = re.compile(r"display:\s*none", re.IGNORECASE)
_BEGIN, _END = "\ue020", "\ue021"
_STAND_IN = re.compile(f"{_BEGIN}([0-9]+){_END}")
_OPENING = re.compile(rf"\{{(?=[{{%#{_BEGIN}])")
_LITERAL_BRACE = "{{ '{' }}"


def text_of(html: str) -> str:
    """The visible text, in paragraphs. A link follows its text, and an image becomes its alt text.

    A link that looks like a button (`display: inline-block`) has a line of its own, such as each answer of a scale.
    """
    tags = JINJA.findall(html)
    numbers = iter(range(len(tags)))
    page = JINJA.sub(lambda _: f"{_BEGIN}{next(numbers)}{_END}", html)
    reader = _Reader(tags)
    for event, element in iterwalk(
        document_fromstring(page, parser=HTMLParser(huge_tree=True)), events=("start", "end", "comment", "pi")
    ):
        reader.read(event, element)
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
    return _with_tags(_OPENING.sub(_LITERAL_BRACE, text), tags)


def _with_tags(text: str, tags: Sequence[str]) -> str:
    """The text with its Jinja2 instead of the stand-ins."""
    return _STAND_IN.sub(lambda found: tags[int(found[1])] if int(found[1]) < len(tags) else "", text)


class _Reader:
    """Collects `parts` of text. `hidden` counts open elements from the outermost invisible one on."""

    def __init__(self, tags: Sequence[str]) -> None:
        self.tags = tags
        self.parts: list[str] = []
        self.hidden = 0
        self.links: list[tuple[str, int]] = []

    def read(self, event: str, element: HtmlElement) -> None:
        """Take an event of `lxml.etree.iterwalk`."""
        if event == "start":
            if self.hidden or element.tag in _UNSEEN or _HIDDEN.search(element.get("style", "")):
                self.hidden += 1
            else:
                self._begin(element)
                self._say(element.text or "")
            return
        if self.hidden:
            self.hidden -= event == "end"
        elif event == "end":
            self._finish(element)
        if not self.hidden:
            self._go_on(element)

    def _begin(self, element: HtmlElement) -> None:
        if element.tag == "br":
            self.parts.append("\n")
        elif element.tag in _BLOCKS:
            self.parts.append("\n\n")
        elif element.tag == "li":
            self.parts.append("\n- ")
        elif element.tag == "img" and element.get("alt"):
            self.parts.append(element.get("alt"))
        elif element.tag == "a":
            if _has_own_line(element):
                self.parts.append("\n")
            self.links.append((element.get("href", ""), len(self.parts)))

    def _finish(self, element: HtmlElement) -> None:
        if element.tag == "a":
            link, start = self.links.pop()
            words = "".join(self.parts[start:]).strip()
            target, shown = unmarked(_with_tags(link, self.tags)), _with_tags(words, self.tags)
            if words and target not in (shown, f"mailto:{shown}", f"tel:{shown}", ""):
                self.parts[start:] = [f"{words}: {link}"]
        elif element.tag in _BLOCKS:
            self.parts.append("\n\n")

    def _go_on(self, element: HtmlElement) -> None:
        """Take the text behind an element. Words behind a link with a line of its own begin the next one."""
        text = element.tail or ""
        if _has_own_line(element):
            text = text.lstrip()
            if text and not text.startswith(_BEGIN):
                self.parts.append("\n")
        self._say(text)

    def _say(self, text: str) -> None:
        self.parts.append(re.sub(r"\s+", " ", text))


def _has_own_line(element: HtmlElement) -> bool:
    return element.tag == "a" and _OWN_LINE.search(element.get("style", "")) is not None
