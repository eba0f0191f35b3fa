"""Links in mails: pages of Ripen for this very mail, and links to websites that tell where a visitor comes from.

What a link leads to is decided by whoever wrote the mail, never by a value of a lead: otherwise whoever types an
address of their own as somebody's name would be handed the token with which that person is recognised. So links are
marked in the template, when mails are published, and only what is marked is added to when a mail is rendered.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from adapters.linkguard import leads, unsafe, unsafe_markup
from adapters.markup import Element, parsed

PARAMETER = "rt"
"""The parameter in which the snippet looks for the token of a link."""

_WEB = r"https?://(?:\{\{.*?\}\}|[^\s<>{}\"'`|\\^])+"
_IN_TEXT = re.compile(rf"{_WEB}|\{{\{{\s*content\.link\s*\}}\}}", re.IGNORECASE)
_OWN = re.compile(r"\{\{\s*(?:mail\.\w+|mail\.feedback\[[^\]{}]*\]|content\.link)\s*\}\}")
_VALUE = re.compile(r"\{\{(?![-+]?\s*(?:mail\.|content\.link))[-+]?\s*((?:(?!urlencode).)*?)\s*[-+]?\}\}", re.DOTALL)
_LINKS = ("a", "area")
_TRAILING = ".,;:!?)'"


@dataclass(frozen=True, slots=True)
class Links:
    """The pages that a mail leads to, each for this very mail.

    `public_url` is where the pages are, without a slash at its end; `page_token` names the mail, and is empty in
    previews. `survey` is what ratings are given for.
    """

    public_url: str
    page_token: str
    survey: str = ""

    @property
    def unsubscribe_url(self) -> str:
        """Where one click or one POST ends all marketing mail."""
        return self._page("unsubscribe")

    def values(self) -> dict[str, Any]:
        """The links as templates have them behind `mail.`; `feedback` by scores from 0 to 10."""
        return {
            "unsubscribe_url": self.unsubscribe_url,
            "preferences_url": self._page("preferences"),
            "confirm_url": self._page("confirm"),
            "feedback_url": (rating := f"{self._page('feedback')}&survey={quote(self.survey)}"),
            "feedback": {score: f"{rating}&s={score}" for score in range(11)},
            "trap_url": self._page("trap"),
        }

    def _page(self, name: str) -> str:
        return f"{self.public_url}/v1/{name}?t={quote(self.page_token)}"


@dataclass(frozen=True, slots=True)
class Tracking:
    """What links to websites are given: `utm` parameters, and on links to one of `sites` the lead's `token`.

    `own` is how links to Ripen's own pages begin; those stay as they are. Sites are origins; `*` stands for all.
    """

    utm: Mapping[str, str]
    token: str
    sites: frozenset[str]
    own: str

    def added_to(self, url: str) -> str:
        """The link with what it has not got yet; its own query and fragment stay as they were."""
        if not url.startswith(("https://", "http://")) or url.startswith(self.own):
            return url
        rest, mark, fragment = url.partition("#")
        address, _, query = rest.partition("?")
        named = {part.partition("=")[0] for part in query.split("&")}
        more = {} if any(name.startswith("utm_") for name in named) else dict(self.utm)
        if self.token and PARAMETER not in named and self._is_ours(address):
            more[PARAMETER] = self.token
        whole = "&".join(part for part in (query, urlencode(more, quote_via=quote)) if part)
        return f"{address}{'?' if whole else ''}{whole}{mark}{fragment}"

    def _is_ours(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        return "*" in self.sites or f"{parts.scheme}://{parts.netloc.lower()}" in self.sites


@pass_context
def tracked(context: Context, link: str) -> str:
    """A link of a template, filled in, with what the mail's `tracking` adds to it."""
    tracking = context["tracking"]
    if isinstance(link, Markup):
        return escape(tracking.added_to(html.unescape(str(link)).strip()))
    return str(tracking.added_to(link))


def mark_html(source: str) -> str:
    """Compiled HTML in which each link is marked, and values in links cannot change where they lead to."""
    parts: list[str] = []
    done = 0
    for element in parsed(source):
        for link in element.attributes if isinstance(element, Element) and element.tag in _LINKS else ():
            if link.name == "href" and link.quote and (_OWN.sub("", link.value).strip() or "content." in link.value):
                parts += source[done : link.start], _marked(link.value)
                done = link.end
    return "".join([*parts, source[done:]])


def mark_text(source: str) -> str:
    """A text part in which each link is marked, in the same way."""
    return _IN_TEXT.sub(_marked_in_text, source)


def unmarked(source: str) -> str:
    """A link as it was before it was marked."""
    return source.removeprefix(_BEGIN).removesuffix(_END)


def unsafe_links(source: str, *, markup: bool) -> Iterator[tuple[int, str]]:
    """Links that do not lead where the writer of the mail says: (position, problem)."""
    if markup:
        yield from unsafe_markup(source)
        return
    for found in _IN_TEXT.finditer(source):
        if not leads(found[0]):
            yield found.start(), unsafe(found[0])
        elif re.match(r"\{%-?\s*(?:if|for|set)\b", source[found.end() :]):
            yield found.start(), f"{found[0]}: a link of a text cannot hold a condition; write two links"


_BEGIN = "{% filter tracked %}"
_END = "{% endfilter %}"


def _marked_in_text(found: re.Match[str]) -> str:
    link = found[0].rstrip(_TRAILING)
    return _marked(link) + found[0][len(link) :]


def _marked(link: str) -> str:
    return _BEGIN + _VALUE.sub(r"{{ (\1) | urlencode }}", link) + _END
