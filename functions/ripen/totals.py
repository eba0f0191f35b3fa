"""Daily totals without identifiers: all that is kept of the page views of visitors who did not agree to more.

| pk               | sk                                  | what                                             |
|------------------|-------------------------------------|--------------------------------------------------|
| `T#<UTC day>`    | `page#<path>`                       | `views`: page calls of this path                 |
| `T#<UTC day>`    | `campaign#<source>/<medium>/<name>` | `views`: page calls that came from this campaign |

Paths and campaigns are what anybody sends, so they are cut, cleaned, and bounded in number; what may name a person in
them is masked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from unicodedata import normalize
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from ripen.times import to_iso

PAGE_PREFIX = "page#"
CAMPAIGN_PREFIX = "campaign#"
OTHER = "(other)"
"""What stands for everything beyond the bounds."""

MASKED = "(id)"
MOST_KEYS = 2_000
"""Different keys that one process makes in a day."""

MOST_KEYS_OF_A_REQUEST = 25
_PATH_LENGTH = 200
_PART_LENGTH = 60
_LONGEST_READ = 2_000
_SHORTEST_ID = 3
_OTHER_KEYS = {PAGE_PREFIX: f"{PAGE_PREFIX}{OTHER}", CAMPAIGN_PREFIX: f"{CAMPAIGN_PREFIX}{OTHER}//"}
_TELLING = re.compile(r"@|[0-9]{5}|[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{4}-|(?=[^/]*[0-9])[a-z0-9_=.~]{24}", re.IGNORECASE)
"""What in a part of a path can be of one person: an address, a number of a customer, an id, a token."""

_IDS = ("anonymousId", "userId", "messageId", "previousId", "groupId")


def totals_key(at: int) -> str:
    """The partition of the UTC day of `at` (milliseconds)."""
    return f"T#{to_iso(at)[:10]}"


def page_key(path: str) -> str:
    """The sort key of a path's total."""
    return f"{PAGE_PREFIX}{path}"


def campaign_key(source: str, medium: str, name: str) -> str:
    """The sort key of a campaign's total; what is not known is empty."""
    return f"{CAMPAIGN_PREFIX}{source}/{medium}/{name}"


def view_keys(view: Mapping[str, Any]) -> list[str]:
    """The sort keys of the totals that one page call counts for: its page, and its campaign if it has one."""
    properties, context = _mapping(view, "properties"), _mapping(view, "context")
    page = {**_mapping(context, "page"), **properties}
    ids = {_clean(str(said)).casefold() for said in _identifiers(view, context)}
    ids = {identifier for identifier in ids if len(identifier) >= _SHORTEST_ID}
    url = _url(page.get("url"))
    keys = [page_key(_path(page.get("path") or url.path, ids))]
    campaign = _mapping(context, "campaign") or _campaign_of_query(url.query)
    parts = [_part(campaign.get(name), ids) for name in ("source", "medium", "name")]
    return [*keys, campaign_key(*parts)] if any(parts) else keys


class KnownKeys:
    """The keys that one process has made today: what goes beyond `most` of them is counted together."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._day = ""
        self._keys: set[str] = set()

    def tally(self, day: str, views: Iterable[Mapping[str, Any]]) -> Counter[str]:
        """How often each key of the day is counted by the page calls of one request."""
        if day != self._day:
            self._day, self._keys = day, set()
        counted: Counter[str] = Counter()
        for key in (key for view in views for key in view_keys(view)):
            counted[key if self._admits(key, counted) else _OTHER_KEYS[key[: key.index("#") + 1]]] += 1
        return counted

    def _admits(self, key: str, counted: Counter[str]) -> bool:
        if key not in counted and len(counted) >= MOST_KEYS_OF_A_REQUEST:
            return False
        if key not in self._keys and len(self._keys) >= self._most:
            return False
        self._keys.add(key)
        return True


def _identifiers(view: Mapping[str, Any], context: Mapping[str, Any]) -> Iterator[str | int]:
    said = [view.get(name) for name in _IDS]
    said += [*_mapping(context, "traits").values(), *_mapping(view, "traits").values()]
    return (value for value in said if isinstance(value, str | int) and not isinstance(value, bool))


def _path(value: object, ids: set[str]) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_READ:
        return OTHER
    text = _clean(re.split(r"[?#]", value, maxsplit=1)[0])
    masked = "/".join(MASKED if _names_somebody(segment, ids) else segment for segment in text.split("/"))
    return OTHER if not masked or _holds(masked, ids) else masked[:_PATH_LENGTH]


def _part(value: object, ids: set[str]) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_READ:
        return ""
    text = _clean(value).replace("/", "-").strip()
    return MASKED if _names_somebody(text, ids) else text[:_PART_LENGTH]


def _names_somebody(text: str, ids: set[str]) -> bool:
    return bool(_TELLING.search(unquote(text))) or _holds(text, ids)


def _holds(text: str, ids: set[str]) -> bool:
    forms = (text.casefold(), _clean(unquote(text)).casefold())
    return any(identifier in form for identifier in ids for form in forms)


def _clean(text: str) -> str:
    return normalize("NFC", "".join(character for character in text if character.isprintable()))


def _campaign_of_query(query: str) -> Mapping[str, Any]:
    try:
        said = parse_qs(query, max_num_fields=100)
    except ValueError:
        return {}
    names = {"source": "utm_source", "medium": "utm_medium", "name": "utm_campaign"}
    return {part: said[name][0] for part, name in names.items() if name in said}


def _url(value: object) -> SplitResult:
    try:
        return urlsplit(value if isinstance(value, str) and len(value) <= _LONGEST_READ else "")
    except ValueError:
        return urlsplit("")


def _mapping(parts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = parts.get(name)
    return found if isinstance(found, dict) else {}
