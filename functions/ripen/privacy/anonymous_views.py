"""Daily totals of page views without identifiers: the only data that Ripen stores of visitors without consent.

| pk               | sk                                  | what                                             |
|------------------|-------------------------------------|--------------------------------------------------|
| `T#<UTC day>`    | `page#<path>`                       | `views`: page calls of this path                 |
| `T#<UTC day>`    | `campaign#<source>/<medium>/<name>` | `views`: page calls that came from this campaign |

Anybody can send any path and campaign, so they are cleaned, cut and limited in number, and text that may identify a
person is masked. The limits below bound the cost of a view for any input.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any, NamedTuple
from unicodedata import normalize
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ripen.times import to_iso

PAGE_PREFIX = "page#"
CAMPAIGN_PREFIX = "campaign#"
OTHER = "(other)"
"""The name under which everything beyond the limits is counted."""

MASKED = "(id)"
MOST_KEYS = 2_000
"""The most different keys that one process counts in a day."""

MOST_KEYS_OF_A_REQUEST = 25
_PATH_LENGTH = 200
_PART_LENGTH = 60
_LONGEST_PATH = 500
_LONGEST_PART = 200
_LONGEST_URL = 2_000
_SHORTEST_ID = 3
_LONGEST_ID = 24
"""The number of characters of an id that are searched for: a text that contains the id contains its prefix."""

_ID_READ = 64
"""The number of characters of an id that are read: enough to leave `_LONGEST_ID` after cleaning."""

_MOST_IDS = 50
"""The most ids and traits of one view that are searched for; a view with more counts as OTHER, without campaign."""

_OTHER_KEYS = {PAGE_PREFIX: f"{PAGE_PREFIX}{OTHER}", CAMPAIGN_PREFIX: f"{CAMPAIGN_PREFIX}{OTHER}//"}
_TELLING = re.compile(r"@|[0-9]{5}|[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{4}-", re.IGNORECASE)
"""Text in a part of a path that may identify a person: a mail address, a customer number, an id."""

_WORD = re.compile(r"[a-z0-9_=.~]{24}", re.IGNORECASE)
_DIGIT = re.compile(r"[0-9]")
"""A token is a match of `_WORD` with a digit in it or after it."""

_SEPARATORS = re.compile(r"[?#]|&(?:amp;)+", re.IGNORECASE)
"""What separates parameters beside `&`: hash routes and redirects write a second `?`, mail editors `&amp;`."""

_IDS = ("anonymousId", "userId", "messageId", "previousId", "groupId")


def totals_key(at: int) -> str:
    """The partition key of the UTC day of `at` (ms)."""
    return f"T#{to_iso(at)[:10]}"


def page_key(path: str) -> str:
    """The sort key of the total of a path."""
    return f"{PAGE_PREFIX}{path}"


def campaign_key(source: str, medium: str, name: str) -> str:
    """The sort key of the total of a campaign; unknown parts are empty."""
    return f"{CAMPAIGN_PREFIX}{source}/{medium}/{name}"


def view_keys(view: Mapping[str, Any], reading: Reading | None = None) -> list[str]:
    """The sort keys of the totals that one page call counts for: its page, and its campaign if it has one.

    All page calls of a request share one `reading`.
    """
    reading = reading or Reading()
    properties, context = _mapping(view, "properties"), _mapping(view, "context")
    page = _mapping(context, "page")
    path, address = properties.get("path", page.get("path")), properties.get("url", page.get("url"))
    ids = reading.ids(view, context)
    if ids is None:
        return [page_key(OTHER)]
    url = _url(address)
    keys = [page_key(_path(path or url.path, ids, reading))]
    campaign = _mapping(context, "campaign") or reading.campaign(f"{url.query}&{url.fragment}")
    parts = [_part(campaign.get(name), ids, reading) for name in ("source", "medium", "name")]
    return [*keys, campaign_key(*parts)] if any(parts) else keys


class _Text(NamedTuple):
    """A text in its `cleaned` form, the `forms` that are searched for ids, and `masked`, the result without any id."""

    cleaned: str
    forms: AbstractSet[str]
    masked: str


class Reading:
    """Reads the page calls of one request, and caches the work on texts that several of them share."""

    def __init__(self) -> None:
        self._traits: dict[int, tuple[object, AbstractSet[str] | None]] = {}
        self._texts: dict[str, _Text] = {}
        self._queries: dict[str, Mapping[str, Any]] = {}

    def ids(self, view: Mapping[str, Any], context: Mapping[str, Any]) -> AbstractSet[str] | None:
        """The ids and traits of a view, in the form for the search; None if there are too many."""
        traits = _mapping(context, "traits")
        if id(traits) not in self._traits:  # storing traits keeps its id from being reused
            self._traits[id(traits)] = traits, _ids_in(traits.values())
        common = self._traits[id(traits)][1]
        own = _ids_in(chain((view.get(name) for name in _IDS), _mapping(view, "traits").values()))
        if common is None or own is None or len(own | common) > _MOST_IDS:
            return None
        return own | common

    def campaign(self, query: str) -> Mapping[str, Any]:
        """The campaign in the query and the fragment of a URL, joined by `&`."""
        if query not in self._queries:
            self._queries[query] = _campaign_of_query(query)
        return self._queries[query]

    def masked(self, text: str, ids: AbstractSet[str]) -> str:
        """A text with each part between slashes masked that may identify a person; OTHER if an id spans parts."""
        if text not in self._texts:
            cleaned = _clean(text)
            masked = "/".join(MASKED if _tells(part) else part for part in cleaned.split("/"))
            self._texts[text] = _Text(cleaned, _forms(cleaned), masked)
        found = self._texts[text]
        held = {identifier for identifier in ids if any(identifier in form for form in found.forms)}
        if not held:
            return found.masked
        masked = "/".join(MASKED if _tells(part) or _holds(part, held) else part for part in found.cleaned.split("/"))
        return OTHER if _holds(masked, held) else masked


class KnownKeys:
    """The keys that one process counted today; keys beyond the first `most` are counted together."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._day = ""
        self._keys: set[str] = set()

    def tally(self, day: str, views: Iterable[Mapping[str, Any]]) -> Counter[str]:
        """The number of views for each key, from the page calls of one request on `day`."""
        if day != self._day:
            self._day, self._keys = day, set()
        counted: Counter[str] = Counter()
        reading = Reading()
        for key in (key for view in views for key in view_keys(view, reading)):
            counted[key if self._admits(key, counted) else _OTHER_KEYS[key[: key.index("#") + 1]]] += 1
        return counted

    def _admits(self, key: str, counted: Counter[str]) -> bool:
        if key not in counted and len(counted) >= MOST_KEYS_OF_A_REQUEST:
            return False
        if key not in self._keys and len(self._keys) >= self._most:
            return False
        self._keys.add(key)
        return True


def _ids_in(values: Iterable[object]) -> AbstractSet[str] | None:
    """The prefixes of all texts and integers in `values`, in the form for the search; None if there are too many."""
    found: set[str] = set()
    for value in values:
        if not isinstance(value, str | int) or isinstance(value, bool):
            continue
        identifier = _clean(str(value)[:_ID_READ]).casefold()[:_LONGEST_ID]
        if len(identifier) >= _SHORTEST_ID:
            found.add(identifier)
        if len(found) > _MOST_IDS:
            return None
    return found


def _path(value: object, ids: AbstractSet[str], reading: Reading) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_URL:
        return OTHER
    path = re.split(r"[?#]", value, maxsplit=1)[0]
    return reading.masked(path, ids)[:_PATH_LENGTH] or OTHER if len(path) <= _LONGEST_PATH else OTHER


def _part(value: object, ids: AbstractSet[str], reading: Reading) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_PART:
        return ""
    return reading.masked(value.replace("/", "-"), ids).strip()[:_PART_LENGTH]


def _tells(text: str) -> bool:
    read = unquote(text)
    return bool(_TELLING.search(read)) or any(map(_is_token, read.split("/")))


def _is_token(text: str) -> bool:
    word = _WORD.search(text)
    return word is not None and _DIGIT.search(text, word.start()) is not None


def _holds(text: str, ids: AbstractSet[str]) -> bool:
    forms = _forms(text)
    return any(identifier in form for identifier in ids for form in forms)


def _forms(text: str) -> AbstractSet[str]:
    return {text.casefold(), _clean(unquote(text)).casefold()}


def _clean(text: str) -> str:
    printable = text if text.isprintable() else "".join(letter for letter in text if letter.isprintable())
    return normalize("NFC", printable)


def _campaign_of_query(query: str) -> Mapping[str, Any]:
    """The first value of each parameter that has one, as the snippet reads them (web/snippet/visitor.js)."""
    try:
        said = parse_qsl(_SEPARATORS.sub("&", query), max_num_fields=100)
    except ValueError:
        return {}
    values = {name.lower(): value for name, value in reversed(said)}
    names = {"source": "utm_source", "medium": "utm_medium", "name": "utm_campaign"}
    return {part: values[name] for part, name in names.items() if name in values}


def _url(value: object) -> SplitResult:
    try:
        return urlsplit(value if isinstance(value, str) and len(value) <= _LONGEST_URL else "")
    except ValueError:
        return urlsplit("")


def _mapping(parts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = parts.get(name)
    return found if isinstance(found, dict) else {}
