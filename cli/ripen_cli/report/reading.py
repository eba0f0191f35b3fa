"""Reads a report from the table: one query per day, plus the visits of hours that are not rolled up yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from adapters.reports.rollup import open_hours, read_day, visits_of
from ripen.reports.metrics import CampaignFigures, Figures, PageFigures, TrafficSource, add_up
from ripen.reports.rollup import hour_of, read_figures
from ripen.times import HOUR, to_iso
from ripen_cli.report.days import Days

_DAY = len("2026-03-02")


@dataclass(frozen=True, slots=True)
class Report:
    """Figures by day (`2026-03-02`) in the time zone of `days`, and their total.

    An hour belongs to the day in which it begins. Hours from `provisional_since` (ms; None: no hour of the report) on
    are not added up yet. `anonymous_pages` and `anonymous_campaigns` (by source, medium and name) count page views
    without consent, by UTC days. `titles` are those of conversions.
    """

    days: Days
    by_day: Mapping[str, Figures]
    total: Figures
    provisional_since: int | None
    anonymous_pages: Mapping[str, int]
    anonymous_campaigns: Mapping[tuple[str, str, str], int]
    titles: Mapping[str, str]

    @property
    def conversions(self) -> list[str]:
        """The names of all conversions in the report, sorted."""
        return sorted({name for figures in self.total.campaigns.values() for name in figures.conversions})

    def title(self, conversion: str) -> str:
        """The title of a conversion, or its name."""
        return self.titles.get(conversion) or conversion

    def rows_by_day(self) -> list[dict[str, Any]]:
        """One row per day; a day that has hours to come, or not added up yet, is provisional."""
        since = self.provisional_since
        ends = {day.isoformat(): end for day, _, end in self.days.each()}
        return [
            {"day": day, **_sums(figures), "provisional": since is not None and ends[day] > since}
            for day, figures in self.by_day.items()
        ]

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

    def sums(self) -> dict[str, Any]:
        """The sums over all days."""
        return _sums(self.total)

    def as_json(self) -> dict[str, Any]:
        """The report as JSON."""
        since = self.provisional_since
        return {
            "timezone": str(self.days.zone),
            "provisionalSince": None if since is None else to_iso(since),
            "days": self.rows_by_day(),
            "total": self.sums(),
            "campaigns": self.campaigns(),
            "pages": self.pages(),
        }


def read(table: str, days: Days, now: int, titles: Mapping[str, str]) -> Report:
    """The report of some days; `now` in milliseconds, `titles` are those of conversions."""
    turn = open_hours(table).next
    hours = _not_added_up(table, turn, now)
    pages: dict[str, int] = {}
    campaigns: dict[tuple[str, str, str], int] = {}
    for name in _utc_days(days):
        found = read_day(table, name)
        hours |= found.hours
        if days.first.isoformat() <= name <= days.last.isoformat():
            _count(pages, found.anonymous_pages)
            _count(campaigns, {_names(key): views for key, views in found.anonymous_campaigns.items()})
    by_day = {
        day.isoformat(): add_up(figures for hour, figures in hours.items() if begin <= hour < end)
        for day, begin, end in days.each()
    }
    open_since = min(hour_of(now) if turn is None else turn, hour_of(now))
    provisional = max(open_since, days.since) if open_since < days.until and days.since <= now else None
    return Report(days, by_day, add_up(by_day.values()), provisional, pages, campaigns, titles)


def _not_added_up(table: str, turn: int | None, now: int) -> dict[int, Figures]:
    hours = range(0) if turn is None else range(turn, hour_of(now) + HOUR, HOUR)
    return {hour: add_up(read_figures(item) for item in visits_of(table, hour, now)) for hour in hours}


def _utc_days(days: Days) -> Iterator[str]:
    """The UTC days that overlap the days of a report."""
    first, last = to_iso(days.since)[:_DAY], to_iso(days.until - 1)[:_DAY]
    day = days.first - timedelta(days=1)
    while (name := day.isoformat()) <= last:
        if name >= first:
            yield name
        day += timedelta(days=1)


def _names(key: str) -> tuple[str, str, str]:
    source, medium, campaign = (*key.lower().split("/"), "", "")[:3]
    return source, medium, campaign


def _count(into: dict[Any, int], views: Mapping[Any, int]) -> None:
    for key, number in views.items():
        into[key] = into.get(key, 0) + number


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
