"""Figures (metrics) of campaigns and pages, summed over visits. They contain no identifiers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self, TypeVar
from urllib.parse import unquote

from ripen.sessions.attribution import Touch
from ripen.sessions.sessions import OTHER, Visit

_MOST_ROWS = 500
_MOST_BYTES = 120_000
"""Limits for the rows of campaigns and of pages, each; a DynamoDB item has at most 400 KB."""

_MASK = "(id)"
_TELLING = re.compile(r"@|[0-9]{5}|[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{4}-|(?=[^/]*[0-9])[a-z0-9_=.~]{24}", re.IGNORECASE)
"""Matches a path segment that may identify a person: an address, a customer number, an id or a token."""


class TrafficSource(NamedTuple):
    """The dimensions of the figures of campaigns; unknown ones are empty."""

    channel: str
    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""


class CampaignFigures(NamedTuple):
    """The visits, those that were a subject's first, those that made a lead known, and the conversions by name."""

    visits: int = 0
    first: int = 0
    known: int = 0
    conversions: Mapping[str, int] = {}

    def plus(self, other: Self) -> Self:
        """The sum of both."""
        names = sorted({*self.conversions, *other.conversions})
        conversions = {name: self.conversions.get(name, 0) + other.conversions.get(name, 0) for name in names}
        return type(self)(self.visits + other.visits, self.first + other.first, self.known + other.known, conversions)


class PageFigures(NamedTuple):
    """The views of a page, its seconds in sight, and the visits that ended and began on it."""

    views: int = 0
    seconds: int = 0
    exits: int = 0
    landings: int = 0

    def plus(self, other: Self) -> Self:
        """The sum of both."""
        return type(self)(*(one + another for one, another in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of campaigns by traffic source, and of pages by path, for a visit or a period."""

    campaigns: Mapping[TrafficSource, CampaignFigures] = field(default_factory=dict)
    pages: Mapping[str, PageFigures] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """JSON values, the largest rows first; rows beyond the limits of an item are summed in a row `(other)`."""
        campaigns = sorted(self.campaigns.items(), key=lambda row: (-row[1].visits, -row[1].known, row[0]))
        pages = sorted(self.pages.items(), key=lambda row: (-row[1].views, row[0]))
        return {
            "campaigns": _cut(campaigns, TrafficSource(OTHER), CampaignFigures()),
            "pages": _cut(pages, OTHER, PageFigures()),
        }

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Figures:
        """Restores what `as_json` returned."""
        return cls(
            {TrafficSource(*key): CampaignFigures(*row) for key, row in parts["campaigns"]},
            {path: PageFigures(*row) for path, row in parts["pages"]},
        )


def figures_of(visit: Visit) -> Figures:
    """The figures of one visit.

    The visit counts for its own touch. A lead that became known and conversions count for the credited touch.
    """
    campaigns: dict[TrafficSource, CampaignFigures] = {}
    if visit.touch:
        _add(campaigns, _campaign(visit.touch), CampaignFigures(1, int(visit.first)))
    if visit.known or visit.conversions:
        _add(campaigns, _campaign(visit.credit), CampaignFigures(0, 0, int(visit.known), visit.conversions))
    pages: dict[str, PageFigures] = {}
    for path, page in visit.pages.items():
        _add(pages, _masked(path), PageFigures(page.views, page.seconds))
    if visit.landing:
        _add(pages, _masked(visit.landing if visit.landing in visit.pages else OTHER), PageFigures(landings=1))
        _add(pages, _masked(visit.exit if visit.exit in visit.pages else OTHER), PageFigures(exits=1))
    return Figures(campaigns, pages)


def add_up(parts: Iterable[Figures]) -> Figures:
    """The sum of figures; their order and grouping do not change it."""
    campaigns: dict[TrafficSource, CampaignFigures] = {}
    pages: dict[str, PageFigures] = {}
    for part in parts:
        for campaign, figures in part.campaigns.items():
            _add(campaigns, campaign, figures)
        for path, views in part.pages.items():
            _add(pages, path, views)
    return Figures(campaigns, pages)


_Key = TypeVar("_Key", TrafficSource, str)
_Row = TypeVar("_Row", CampaignFigures, PageFigures)


def _add(rows: dict[_Key, _Row], key: _Key, row: _Row) -> None:
    rows[key] = rows[key].plus(row) if key in rows else row


def _cut(rows: Sequence[tuple[_Key, _Row]], other: _Key, nothing: _Row) -> list[tuple[_Key, _Row]]:
    kept: list[tuple[_Key, _Row]] = []
    rest = nothing
    left = _MOST_BYTES
    for key, row in rows:
        left -= len(json.dumps((key, row), ensure_ascii=False).encode())
        if key != other and len(kept) < _MOST_ROWS and left >= 0:
            kept.append((key, row))
        else:
            rest = rest.plus(row)
    if rest != nothing:
        kept.append((other, rest))
    return kept


def _campaign(touch: Touch) -> TrafficSource:
    parts = (touch.source, touch.medium, touch.campaign, touch.content)
    return TrafficSource(touch.channel, *(_MASK if "@" in part else part for part in parts))


def _masked(path: str) -> str:
    return "/".join(_MASK if _TELLING.search(unquote(segment)) else segment for segment in path.split("/"))
