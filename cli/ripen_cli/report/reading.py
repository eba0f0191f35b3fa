"""Reads a report from the table: one query per day, plus the visits of hours that are not rolled up yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from adapters.reports.rollup import open_hours, read_day, visits_of
from ripen.reports.metrics import CampaignFigures, Figures, PageFigures, TrafficSource, add_up
from ripen.reports.rollup import hour_of, read_figures
from ripen.times import DAY, HOUR, parse_iso


@dataclass(frozen=True, slots=True)
class Report:
    """Figures by day (`2026-03-02`, UTC) and their total.

    `anonymous_pages` and `anonymous_campaigns` (by source, medium and name) count page views without consent.
    """

    days: Mapping[str, Figures]
    total: Figures
    anonymous_pages: Mapping[str, int]
    anonymous_campaigns: Mapping[tuple[str, str, str], int]

    @property
    def conversions(self) -> list[str]:
        """The names of all conversions in the report, sorted."""
        return sorted({name for figures in self.total.campaigns.values() for name in figures.conversions})

    def campaigns(self) -> list[dict[str, Any]]:
        """One row per campaign, the most visited first."""
        left = dict(self.anonymous_campaigns)
        rows = []
        for campaign, figures in self.total.campaigns.items():
            anonymous = left.pop((campaign.source, campaign.medium, campaign.campaign.lower()), 0)
            rows.append(_campaign_row(campaign, figures, anonymous))
        rows += [_campaign_row(TrafficSource("", *names), CampaignFigures(), views) for names, views in left.items()]
        return sorted(rows, key=lambda row: (-row["visits"], -row["known"], -row["views_without_consent"]))

    def pages(self) -> list[dict[str, Any]]:
        """One row per page, the most viewed first."""
        paths = {*self.total.pages, *self.anonymous_pages}
        rows = [
            _page_row(path, self.total.pages.get(path, PageFigures()), self.anonymous_pages.get(path, 0))
            for path in sorted(paths)
        ]
        return sorted(rows, key=lambda row: (-row["views"], -row["views_without_consent"]))

    def as_json(self) -> dict[str, Any]:
        """The report as JSON."""
        days = [{"day": day, **_sums(figures)} for day, figures in self.days.items()]
        return {"days": days, "total": _sums(self.total), "campaigns": self.campaigns(), "pages": self.pages()}


def read(table: str, first: date, last: date, now: int) -> Report:
    """The report of the days from `first` to `last`; `now` in milliseconds."""
    fresh = _not_added_up(table, now)
    days: dict[str, Figures] = {}
    pages: dict[str, int] = {}
    campaigns: dict[tuple[str, str, str], int] = {}
    for day in _days(first, last):
        begin = parse_iso(day)
        found = read_day(table, day)
        hours = {hour: figures for hour, figures in fresh.items() if begin <= hour < begin + DAY}
        hours |= found.hours
        days[day] = add_up(hours.values())
        for path, views in found.anonymous_pages.items():
            pages[path] = pages.get(path, 0) + views
        for name, views in found.anonymous_campaigns.items():
            source, medium, campaign = (*name.lower().split("/"), "", "")[:3]
            key = (source, medium, campaign)
            campaigns[key] = campaigns.get(key, 0) + views
    return Report(days, add_up(days.values()), pages, campaigns)


def _not_added_up(table: str, now: int) -> dict[int, Figures]:
    turn = open_hours(table).next
    hours = range(0) if turn is None else range(turn, hour_of(now) + HOUR, HOUR)
    return {hour: add_up(read_figures(item) for item in visits_of(table, hour, now)) for hour in hours}


def _days(first: date, last: date) -> Iterator[str]:
    for n in range((last - first).days + 1):
        yield (first + timedelta(days=n)).isoformat()


def _sums(figures: Figures) -> dict[str, Any]:
    total = CampaignFigures()
    for row in figures.campaigns.values():
        total = total.plus(row)
    views = sum(page.views for page in figures.pages.values())
    seconds = sum(page.seconds for page in figures.pages.values())
    return {**total._asdict(), "conversions": dict(total.conversions), "views": views, "seconds": seconds}


def _campaign_row(campaign: TrafficSource, figures: CampaignFigures, anonymous: int) -> dict[str, Any]:
    return {
        **campaign._asdict(),
        **figures._asdict(),
        "conversions": dict(figures.conversions),
        "views_without_consent": anonymous,
    }


def _page_row(path: str, figures: PageFigures, anonymous: int) -> dict[str, Any]:
    return {"path": path, **figures._asdict(), "views_without_consent": anonymous}
