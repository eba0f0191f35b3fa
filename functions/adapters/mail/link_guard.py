"""Checks that the author of a mail decides where its links lead, and never a value of a lead.

Otherwise an attacker could type a URL as the name of another person. The mail would then send that person's token to
the attacker's host, or load a picture from it and reveal when the mail is opened. The check covers all attributes that
hold links or load resources, as `markup` reads them. `links` marks links in the same attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from jinja2 import Environment, TemplateSyntaxError, nodes

from adapters.mail.markup import VALUE, Attribute, Element, masked, parsed

LEADING = frozenset({
    *("href", "xlink:href", "src", "action", "formaction", "background", "background-url", "poster", "data", "cite"),
    *("longdesc", "ping", "codebase", "classid", "archive", "profile", "manifest", "lowsrc", "dynsrc", "usemap"),
})  # fmt: skip
"""Attributes that hold a link or load a resource."""

SEVERAL = frozenset({"srcset", "imagesrcset"})
"""Attributes that hold several image URLs, separated by commas."""

_REFRESH = re.compile(r"^[^;,]*[;,]\s*(?:url\s*=)?\s*['\"]?", re.IGNORECASE)
_FETCHED = re.compile(r"(?:url\(|@import)\s*[\"']?\s*(?P<link>[^\"')\s;]*)", re.IGNORECASE)
_FIXED = re.compile(r"https?:[/\\]{2}[^/\\?#{}\s]+[/\\?#]|(?:mailto|tel|sms):|#", re.IGNORECASE)
_IGNORED = re.compile(r"^[\x00-\x20]+|[\t\n\r]")
"""Characters that browsers drop from URLs. Source: https://url.spec.whatwg.org/#concept-basic-url-parser."""

_NAMED = re.compile(rf"</?\s*{VALUE}")
_SYNTAX = Environment(autoescape=True)
_DECIDED = "https://decided/"
_CHOSEN = "https://chosen"
_MOST_WAYS = 64
_LONGEST = 200


def unsafe_markup(source: str) -> Iterator[tuple[int, str]]:
    """Links whose target a value can change, as (position, problem)."""
    for place in _NAMED.finditer(masked(source)):
        yield place.start(), "a value cannot be the name of an element; write the name"
    for found in parsed(source):
        if not isinstance(found, Element):
            yield from _of_style(found.text, found.start)
            continue
        if found.tag == "base":
            yield found.start, "<base> changes the target of all links; remove it and write each link with its host"
        if found.torn:
            yield (
                found.start,
                f'<{found.tag}>: a value is allowed only in text or in a quoted attribute, such as title="..."',
            )
        refreshes = found.tag == "meta" and any(one.name == "http-equiv" for one in found.attributes)
        for attribute in found.attributes:
            yield from _of_attribute(attribute, refreshes=refreshes)


def leads(link: str) -> bool:
    """True if no value can change the host of a link, on any branch of its conditions. The URL itself is not validated.

    `link` may hold Jinja2, but no HTML entities.
    """
    if "{{" not in link:
        return True
    return _leads(link)


def unsafe(link: str) -> str:
    """The problem text for a link whose host a value can change."""
    shown = link if len(link) <= _LONGEST else f"{link[:_LONGEST]}..."
    return f"{shown}: a link must begin with a fixed host, such as https://www.example.com/, not with a value"


def _of_attribute(attribute: Attribute, *, refreshes: bool) -> Iterator[tuple[int, str]]:
    name, link = attribute.name, attribute.meant
    if name == "href" and not attribute.quote:
        yield attribute.start, 'href: the link needs quotation marks, as in href="https://..."'
    elif VALUE not in masked(link):
        return
    elif name == "srcdoc":
        yield attribute.start, "srcdoc: may not contain a value"
    elif not attribute.quote:
        yield attribute.start, f'{name}: an attribute with a value needs quotation marks, as in {name}="..."'
    elif not all(leads(one) for one in _links(name, link, refreshes=refreshes)):
        yield attribute.start, unsafe(attribute.value)
    elif name == "style":
        yield from _of_style(link, attribute.start)


def _links(name: str, value: str, *, refreshes: bool) -> Iterator[str]:
    """The links in an attribute, if it is one that holds links or loads resources."""
    if name in LEADING:
        yield value
    elif name in SEVERAL:
        yield from _parts(value)
    elif refreshes and name == "content":
        yield _REFRESH.sub("", value)


def _parts(links: str) -> Iterator[str]:
    """The links of a `srcset`; commas in Jinja2 values do not separate them."""
    places = [-1, *(found.start() for found in re.finditer(",", masked(links))), len(links)]
    return (links[start + 1 : end] for start, end in pairwise(places))


def _of_style(text: str, start: int) -> Iterator[tuple[int, str]]:
    for found in _FETCHED.finditer(masked(text)):
        link = text[found.start("link") : found.end("link")]
        if not leads(link):
            yield start + found.start("link"), unsafe(link)


@lru_cache(maxsize=4_096)
def _leads(link: str) -> bool:
    try:
        tree = _SYNTAX.parse(link)
    except TemplateSyntaxError:  # a condition begins outside the link
        return False
    return _ways(tree.body, frozenset({""})) is not None


def _ways(body: Sequence[nodes.Node], before: frozenset[str]) -> frozenset[str] | None:
    """All beginnings that a link may have after `body`, given those before it; None if a value can decide the host."""
    ways: frozenset[str] | None = before
    for node in body:
        if ways is None or len(ways) > _MOST_WAYS:
            return None
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                ways = None if ways is None else _after(part, ways)
        elif isinstance(node, nodes.If):
            branches = [node.body, *(other.body for other in node.elif_), node.else_]
            ways = _any([_ways(branch, ways) for branch in branches])
        elif isinstance(node, nodes.For):
            once = _ways(node.body, ways)
            twice = None if once is None else _ways(node.body, once)
            ways = _any([once, twice, _ways(node.else_, ways)])
        elif not isinstance(node, nodes.Assign):
            ways = ways if ways == {_DECIDED} else None
    return ways


def _any(several: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    known = [ways for ways in several if ways is not None]
    return frozenset[str]().union(*known) if len(known) == len(several) else None


def _after(part: nodes.Expr, ways: frozenset[str]) -> frozenset[str] | None:
    if isinstance(part, nodes.TemplateData):
        return frozenset(_settled(way + part.data) for way in ways)
    found: set[str] = set()
    for way in ways:
        if way == _DECIDED:
            found.add(way)
        elif way or (own := _own(part)) is None:
            return None
        else:
            found.add(own)
    return frozenset(found)


def _settled(way: str) -> str:
    plain = _IGNORED.sub("", way)
    return _DECIDED if _FIXED.match(plain) else plain


def _own(part: nodes.Expr) -> str | None:
    """The known beginning of a value: the URL of a Ripen page, or of a content link; None for any other value."""
    if isinstance(part, nodes.Getitem):
        part = part.node
    if not (isinstance(part, nodes.Getattr) and isinstance(part.node, nodes.Name)):
        return None
    if part.node.name == "mail":
        return _DECIDED if part.attr.endswith("_url") or part.attr == "feedback" else None
    return _CHOSEN if (part.node.name, part.attr) == ("content", "link") else None
