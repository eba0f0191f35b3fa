"""Links in mails: to pages of Ripen for one mail, and to websites, with tracking parameters.

The author of a mail decides where its links lead, and never a value of a lead: otherwise an attacker could type a URL
as the name of another person, and get the token of that person. So publishing marks the links in a template, and
rendering adds parameters only to marked links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from adapters.mail.link_guard import LEADING, SEVERAL, leads, unsafe, unsafe_markup
from adapters.mail.markup import EXPRESSION, JINJA, Element, Style, parsed

PARAMETER = "rt"
"""The query parameter from which the browser snippet reads the link token."""

_WEB = rf"https?://(?:{EXPRESSION}|[^\s<>{{}}\"'`|\\^])+"
_IN_TEXT = re.compile(rf"{_WEB}|\{{\{{\s*content\.link\s*\}}\}}", re.IGNORECASE)
_OWN = re.compile(r"\{\{\s*(?:mail\.\w+|mail\.feedback\[[^\]{}]*\]|content\.link)\s*\}\}")
_OWN_PAGE = re.compile(r"\{\{[-+]?\s*mail\.(?:(?:unsubscribe|preferences|confirm|feedback)_url|feedback\[)")
_UNTRACKED = "ses:no-track"
"""SES does not replace a link with this attribute: https://docs.aws.amazon.com/ses/latest/dg/faqs-metrics.html."""

_VALUE = re.compile(r"\{\{(?![-+]?\s*(?:mail\.|content\.link))[-+]?\s*((?:(?!urlencode).)*?)\s*[-+]?\}\}", re.DOTALL)
_ANY_VALUE = re.compile(r"\{\{[-+]?\s*(.*?)\s*[-+]?\}\}", re.DOTALL)
_IN_STYLE = "#%.,- "
_LINKS = ("a", "area")
_BLANK = "".join(map(chr, range(ord(" ") + 1)))  # dropped by browsers: https://url.spec.whatwg.org/#url-parsing
_TRAILING = ".,;:!?)'"


@dataclass(frozen=True, slots=True)
class Links:
    """URLs of the Ripen pages that one mail links to.

    `public_url` is the base URL without a trailing slash. `page_token` identifies the mail, and is empty in previews.
    `survey` names the survey of the rating links. The pages are in `language`, otherwise in that of the browser.
    """

    public_url: str
    page_token: str
    survey: str = ""
    language: str = ""

    @property
    def unsubscribe_url(self) -> str:
        """The URL at which one click or one POST ends all marketing mail."""
        return self._page("unsubscribe")

    def values(self) -> dict[str, Any]:
        """The URL fields of `mail` in templates; `feedback` maps scores from 0 to 10 to URLs."""
        return {
            "unsubscribe_url": self.unsubscribe_url,
            "preferences_url": self._page("preferences"),
            "confirm_url": self._page("confirm"),
            "feedback_url": (rating := f"{self._page('feedback')}&survey={quote(self.survey)}"),
            "feedback": {score: f"{rating}&s={score}" for score in range(11)},
            "trap_url": self._page("trap"),
        }

    def _page(self, name: str) -> str:
        language = f"&lang={quote(self.language)}" if self.language else ""
        return f"{self.public_url}/v1/{name}?t={quote(self.page_token)}{language}"


@dataclass(frozen=True, slots=True)
class Tracking:
    """Parameters for links to websites: `utm` on all links, and the lead's `token` on links to `sites`.

    `sites` are origins; `*` means all. `own` is the prefix of links to Ripen's pages, which get no parameters.
    """

    utm: Mapping[str, str]
    token: str
    sites: frozenset[str]
    own: str

    def added_to(self, url: str) -> str:
        """The URL with the parameters that it lacks; its own query and fragment stay unchanged."""
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
    """A rendered link with the parameters of the mail's `tracking`."""
    tracking = context["tracking"]
    if isinstance(link, Markup):
        return escape(tracking.added_to(link.unescape().strip(_BLANK)))  # `mark_html` wrote it normalized
    return str(tracking.added_to(link))


def mark_html(source: str) -> str:
    """The compiled HTML with each link marked for tracking, and each value in links and styles filtered.

    SES tracks no link to a page of Ripen: who opens one shows no interest. The hidden link is tracked, as it finds
    programs that follow links.

    Links that change are written so that every program reads in them what browsers read in the source.
    """
    parts: list[str] = []
    done = 0
    for start, end, text in _changes(source):
        parts += source[done:start], text
        done = end
    return "".join([*parts, source[done:]])


def _changes(source: str) -> Iterator[tuple[int, int, str]]:
    """The replacements in order, as (start, end, new text)."""
    for found in parsed(source):
        if isinstance(found, Style):
            yield found.start, found.start + len(found.text), _styled(found.text)
            continue
        if _opens_own_page(found) and _UNTRACKED not in source[found.start : source.find(">", found.start)]:
            end_of_name = found.start + 1 + len(found.tag)
            yield end_of_name, end_of_name, f" {_UNTRACKED}"
        for one in found.attributes:
            if one.name == "style":
                yield one.start, one.end, _styled(one.value)
            elif one.name == "href" and found.tag in _LINKS and one.quote and _is_marked(one.value):
                yield one.start, one.end, _marked(one.normalized)
            elif one.name in LEADING | SEVERAL and "{{" in one.value:
                yield one.start, one.end, _encoded(one.normalized)


def _opens_own_page(found: Element) -> bool:
    return found.tag in _LINKS and any(one.name == "href" and _OWN_PAGE.search(one.value) for one in found.attributes)


def _is_marked(link: str) -> bool:
    return bool(_OWN.sub("", link).strip()) or "content." in link


def _styled(style: str) -> str:
    return _filtered(style, _ANY_VALUE, "in_style")


def in_style(value: object) -> str:
    """The characters of a value that are safe in a style: letters, digits and `#%.,- `."""
    return "".join(letter for letter in str(value) if letter.isalnum() or letter in _IN_STYLE)


def mark_text(source: str) -> str:
    """The text part with each link marked for tracking."""
    return _IN_TEXT.sub(_marked_in_text, source)


def unmarked(source: str) -> str:
    """A marked link without its mark."""
    return source.removeprefix(_BEGIN).removesuffix(_END)


def unsafe_links(source: str, *, markup: bool) -> Iterator[tuple[int, str]]:
    """Links whose target a value can change, as (position, problem)."""
    if markup:
        yield from unsafe_markup(source)
        return
    for found in _IN_TEXT.finditer(source):
        if not leads(found[0]):
            yield found.start(), unsafe(found[0])
        elif re.match(r"\{%-?\s*(?:if|for|set)\b", source[found.end() :]):
            yield found.start(), f"{found[0]}: a link in a text part cannot contain a condition; write two links"


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
    """The source with the Jinja2 filter `name` applied to each value that matches `wanted`."""

    def change(found: re.Match[str]) -> str:
        value = wanted.fullmatch(found[0])
        return f"{{{{ ({value[1]}) | {name} }}}}" if value else found[0]

    return JINJA.sub(change, source)
