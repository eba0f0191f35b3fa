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

from adapters.mail.link_guard import LEADING, SEVERAL, leads, unsafe, unsafe_markup
from adapters.mail.markup import EXPRESSION, JINJA, Style, parsed

PARAMETER = "rt"
"""The parameter in which the snippet looks for the token of a link."""

_WEB = rf"https?://(?:{EXPRESSION}|[^\s<>{{}}\"'`|\\^])+"
_IN_TEXT = re.compile(rf"{_WEB}|\{{\{{\s*content\.link\s*\}}\}}", re.IGNORECASE)
_OWN = re.compile(r"\{\{\s*(?:mail\.\w+|mail\.feedback\[[^\]{}]*\]|content\.link)\s*\}\}")
_VALUE = re.compile(r"\{\{(?![-+]?\s*(?:mail\.|content\.link))[-+]?\s*((?:(?!urlencode).)*?)\s*[-+]?\}\}", re.DOTALL)
_ANY_VALUE = re.compile(r"\{\{[-+]?\s*(.*?)\s*[-+]?\}\}", re.DOTALL)
_IN_STYLE = "#%.,- "
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
    """Compiled HTML in which each link is marked, and values cannot change where links lead to or what styles are."""
    parts: list[str] = []
    done = 0
    for start, end, text in _changes(source):
        parts += source[done:start], text
        done = end
    return "".join([*parts, source[done:]])


def _changes(source: str) -> Iterator[tuple[int, int, str]]:
    """Where something is to be written instead, in order: beginning, end and what."""
    for found in parsed(source):
        if isinstance(found, Style):
            yield found.start, found.start + len(found.text), _styled(found.text)
            continue
        for one in found.attributes:
            if one.name == "style":
                yield one.start, one.end, _styled(one.value)
            elif one.name == "href" and found.tag in _LINKS and one.quote and _is_marked(one.value):
                yield one.start, one.end, _marked(one.value)
            elif one.name in LEADING | SEVERAL and "{{" in one.value:
                yield one.start, one.end, _encoded(one.value)


def _is_marked(link: str) -> bool:
    return bool(_OWN.sub("", link).strip()) or "content." in link


def _styled(style: str) -> str:
    return _filtered(style, _ANY_VALUE, "in_style")


def in_style(value: object) -> str:
    """What of a value may stand in a style: words, numbers and colours, and nothing that begins something else."""
    return "".join(letter for letter in str(value) if letter.isalnum() or letter in _IN_STYLE)


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
    return _BEGIN + _encoded(link) + _END


def _encoded(link: str) -> str:
    return _filtered(link, _VALUE, "urlencode")


def _filtered(source: str, wanted: re.Pattern[str], name: str) -> str:
    """The source with a filter behind each value that is wanted."""

    def change(found: re.Match[str]) -> str:
        value = wanted.fullmatch(found[0])
        return f"{{{{ ({value[1]}) | {name} }}}}" if value else found[0]

    return JINJA.sub(change, source)
