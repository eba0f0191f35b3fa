"""A strict lint of MJML: places of elements and names of attributes. The compiler itself accepts many mistakes.

Source: the component reference of https://documentation.mjml.io/ (MJML 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

_BODY = ("mj-body",)
_COLUMN = ("mj-column", "mj-hero")
_PARENTS = {
    "mj-head": ("mjml",),
    "mj-body": ("mjml",),
    **dict.fromkeys(("mj-title", "mj-preview", "mj-attributes", "mj-style", "mj-font", "mj-breakpoint"), ("mj-head",)),
    "mj-html-attributes": ("mj-head",),
    "mj-wrapper": _BODY,
    "mj-hero": (*_BODY, "mj-wrapper"),
    "mj-section": (*_BODY, "mj-wrapper"),
    "mj-content": (*_BODY, "mj-wrapper"),
    "mj-group": ("mj-section",),
    "mj-column": ("mj-section", "mj-group"),
    **dict.fromkeys(("mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-social"), _COLUMN),
    **dict.fromkeys(("mj-navbar", "mj-accordion", "mj-carousel"), _COLUMN),
    "mj-social-element": ("mj-social",),
    "mj-navbar-link": ("mj-navbar",),
    "mj-accordion-element": ("mj-accordion",),
    **dict.fromkeys(("mj-accordion-title", "mj-accordion-text"), ("mj-accordion-element",)),
    "mj-carousel-image": ("mj-carousel",),
}
_PADDING = "padding padding-top padding-right padding-bottom padding-left"
_BORDER = "border border-top border-right border-bottom border-left border-radius"
_FONT = "color font-family font-size font-style font-weight letter-spacing line-height text-decoration text-transform"
_BACKGROUND = "background-color background-url background-repeat background-size background-position"
_BLOCK = f"align container-background-color {_PADDING}"
_ATTRIBUTES = {
    "mjml": "lang dir owa",
    "mj-body": "width background-color",
    "mj-preview": "",
    "mj-title": "",
    "mj-style": "inline",
    "mj-font": "name href",
    "mj-breakpoint": "width",
    "mj-wrapper": f"{_BACKGROUND} {_BORDER} {_PADDING} full-width gap text-align direction",
    "mj-section": f"{_BACKGROUND} {_BORDER} {_PADDING} direction full-width text-align",
    "mj-hero": f"{_BACKGROUND} {_PADDING} background-height background-width border-radius height "
    "inner-background-color inner-padding mode vertical-align width",
    "mj-group": "background-color direction vertical-align width",
    "mj-column": f"background-color {_BORDER} {_PADDING} inner-background-color inner-border inner-border-radius "
    "vertical-align width direction",
    "mj-text": f"{_BLOCK} {_FONT} height vertical-align",
    "mj-button": f"{_BLOCK} {_BORDER} {_FONT} background-color height href inner-padding name rel target text-align "
    "title vertical-align width",
    "mj-image": f"{_BLOCK} {_BORDER} alt fluid-on-mobile height href max-height name rel sizes src srcset target "
    "title usemap width",
    "mj-divider": f"{_BLOCK} border-color border-style border-width width",
    "mj-spacer": f"{_BORDER} {_BLOCK} height",
    "mj-table": f"{_BLOCK} {_FONT} border cellpadding cellspacing role table-layout width",
    "mj-social": f"{_BLOCK} {_FONT} border-radius icon-height icon-padding icon-size inner-padding mode table-layout "
    "text-padding",
    "mj-social-element": f"{_FONT} {_PADDING} align alt background-color border-radius href icon-height icon-padding "
    "icon-position icon-size name rel src srcset sizes target text-padding title vertical-align",
    "mj-content": "",
}
_EVERYWHERE = {"css-class", "mj-class"}
_ANYWHERE = ("mj-raw", "mj-include")
_TEXT = ("mj-text", "mj-button", "mj-table", "mj-raw", "mj-style", "mj-title", "mj-preview", "mj-navbar-link")
_FREE = (*_TEXT, "mj-social-element", "mj-accordion-title", "mj-accordion-text")
"""Elements that may contain HTML."""


_EMPTY = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
"""HTML elements without an end tag."""

MOST_DEPTH = 100
"""Most levels of nested elements. The MJML compiler aborts the process at some ten thousand levels."""


def place_of(tag: str) -> str:
    """The parent of content that begins with the element `tag`: mj-body, mj-section or mj-column."""
    return next((place for place in ("mj-body", "mj-section") if place in _PARENTS.get(tag, ("mj-body",))), "mj-column")


def mjml_problems(source: str, *, layout: bool = False) -> Iterator[tuple[int, str]]:
    """Unknown or misplaced elements and attributes, as (line, problem). In a `layout`, mj-content is allowed."""
    reader = _Reader(layout=layout)
    reader.feed(source)
    reader.close()
    yield from reader.problems


class _Reader(HTMLParser):
    """`open` holds the open MJML elements with their lines; `place` is the parent element of top-level content."""

    def __init__(self, *, layout: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.layout = layout
        self.place = ""
        self.open: list[tuple[str, int]] = []
        self.depth = 0
        self.problems: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._check(tag, attrs)
        if tag not in _EMPTY:
            self.depth += 1
            if self.depth == MOST_DEPTH + 1:
                self._problem(f"<{tag}> is nested too deeply; the limit is {MOST_DEPTH} levels")
        if tag.startswith("mj"):
            self.open.append((tag, self.getpos()[0]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._check(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag not in _EMPTY
        if tag in (name for name, _ in self.open):
            while (last := self.open.pop())[0] != tag:
                self._not_closed(*last)
        elif tag.startswith("mj"):
            self._problem(f"</{tag}> has no start tag")

    def close(self) -> None:
        super().close()
        while self.open:
            self._not_closed(*self.open.pop())

    def _check(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self.open[-1][0] if self.open else self.place
        if parent == "mj-attributes" or parent in _FREE or not tag.startswith("mj"):
            return
        if self._exists(tag):
            self._check_place(tag, parent)
        self._check_attributes(tag, attrs)

    def _exists(self, tag: str) -> bool:
        if tag == "mj-include":
            self._problem("a mail cannot include other files")
            return False
        known = tag in _PARENTS and (tag != "mj-content" or self.layout)
        if not known and tag not in ("mjml", *_ANYWHERE):
            self._problem(f"there is no element <{tag}>")
            return False
        return True

    def _check_place(self, tag: str, parent: str) -> None:
        allowed = _PARENTS.get(tag)
        if not allowed:
            return
        in_head = allowed == ("mj-head",)
        if parent and parent not in allowed and (self.open or not in_head):
            self._problem(f"<{tag}> is not allowed in <{parent}>, only in {' or '.join(f'<{one}>' for one in allowed)}")
        elif not parent and not in_head:
            self.place = place_of(tag)

    def _check_attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ATTRIBUTES:
            return
        known = {*_ATTRIBUTES[tag].split(), *_EVERYWHERE}
        for name, _ in attrs:
            if name not in known:
                self._problem(f"<{tag}> has no attribute {name!r}")

    def _not_closed(self, tag: str, line: int) -> None:
        self.problems.append((line, f"<{tag}> is not closed"))

    def _problem(self, text: str) -> None:
        self.problems.append((self.getpos()[0], text))
