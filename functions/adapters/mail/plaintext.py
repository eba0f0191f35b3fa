"""The text part of a mail, made from its compiled HTML. Jinja2 in it stays unchanged."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from adapters.mail.links import unmarked

_BLOCKS = {"div", "p", "table", "tr", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote", "hr"}
_CLOSED = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_UNSEEN = {"head", "script", "style", "title"}
_HIDDEN = re.compile(r"display:\s*none", re.IGNORECASE)


def text_of(html: str) -> str:
    """The visible text, in paragraphs. A link follows its text, and an image becomes its alt text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Reader(HTMLParser):
    """Collects `parts` of text. `hidden` counts open elements from the outermost invisible one on."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _CLOSED and (self.hidden or tag in _UNSEEN or _HIDDEN.search(given.get("style", ""))):
            self.hidden += 1
        if self.hidden:
            return
        if tag == "br":
            self.parts.append("\n")
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "img" and given.get("alt"):
            self.parts.append(given["alt"])
        elif tag == "a":
            self.links.append((given.get("href", ""), len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if self.hidden:
            self.hidden -= tag not in _CLOSED
        elif tag == "a" and self.links:
            link, start = self.links.pop()
            words = "".join(self.parts[start:]).strip()
            if words and unmarked(link) not in (words, f"mailto:{words}", f"tel:{words}", ""):
                self.parts[start:] = [f"{words}: {link}"]
        elif tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"\s+", " ", data))
