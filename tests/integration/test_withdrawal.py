"""From a withdrawal to an empty table, through the real handlers."""

from __future__ import annotations

import pytest

from ripen.times import DAY, HOUR, MINUTE
from stories import START, identified, tracked, viewed

ADDRESS = "ann@example.com"
NO = {"consent": {"categoryPreferences": {"analytics": False}}}
SOURCE = """sources:
  website: {kind: browser, write_key: website, origins: ["*"], on_withdrawal: %s}
"""


def withdrawn(at, **who):
    return tracked("Consent Withdrawn", at, **who) | {"context": NO}


def kinds(site, who="ann"):
    return [item["sk"]["S"][:2] for item in site.items() if item["pk"]["S"] == f"a:{who}"]


@pytest.fixture
def site_that(site, rule_files):
    """A deployment whose website keeps or erases data after a withdrawal."""

    def deploy(does):
        report = site.publish(rule_files | {"rules/sources.yaml": (SOURCE % does).encode()}, 0)
        assert report["activated"], report["problems"]
        return site

    return deploy


def test_a_lead_is_erased_within_two_minutes_of_a_withdrawal(site_that):
    site = site_that("erase")
    site.live(identified(START, email=ADDRESS), *(viewed("/", START) for _ in range(30)), at=START)

    site.live(withdrawn(START + HOUR), at=START + HOUR)

    assert kinds(site) == ["E#"]
    assert site.names() == ["Consent Withdrawn"]
    assert not [item for item in site.items() if item["sk"]["S"] == "I"]
    assert site.sweep(START + DAY) == 0


def test_late_events_are_erased_too(site_that):
    site = site_that("erase")
    site.live(withdrawn(START + HOUR), at=START + HOUR)

    site.live(viewed("/late", START), at=START + 2 * HOUR)

    assert site.names() == ["Consent Withdrawn"]
    assert kinds(site) == ["E#"]


def test_a_source_that_keeps_data_stops_mails_and_erases_no_events_after_a_withdrawal(site_that):
    site = site_that("keep")
    site.track(identified(START, email=ADDRESS), *(tracked("Webinar Attended", START) for _ in range(5)), at=START)
    site.score(START)
    assert site.record()["pending"]

    site.live(withdrawn(START + MINUTE), at=START + MINUTE)

    assert site.record()["pending"] == []
    assert site.mails() == []
    assert len(site.names()) == 7


def test_consent_given_again_permits_mails_again(site_that):
    site = site_that("keep")
    site.track(identified(START, email=ADDRESS), *(tracked("Webinar Attended", START) for _ in range(5)), at=START)
    site.live(withdrawn(START + MINUTE), at=START + MINUTE)

    site.live(tracked("Consent Given", START + HOUR), at=START + HOUR)

    assert len(site.mails()) == 1


def kept(site):
    """All items of the table except the progress of scans."""
    return [item for item in site.items() if not item["pk"]["S"].startswith("J#")]


def test_withdrawals_of_a_stranger_leave_one_tiny_item(site_that):
    site = site_that("erase")
    before = len(kept(site))

    site.live(*(withdrawn(START + n, who="stranger", message_id=f"m{n}") for n in range(20)), at=START)

    assert kinds(site, "stranger") == ["E#"]
    assert len(kept(site)) == before + 1
    assert site.sweep(START + DAY) == 0
