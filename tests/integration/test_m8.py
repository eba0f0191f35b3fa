"""The white paper's example, step by step through the real handlers, under the starter rules as they ship.

What each event earns is exactly what the paper says. Its "50 points by now" holds as well, although interest halves in
90 days: everything up to there happens within an afternoon and an evening, which costs less than the rounding to one
decimal. Then weeks go by, and the score that is shown is lower than the sum of what was earned.

Ann asks for the newsletter, and the company's newsletter tool tells that she confirmed her address. Until then nothing
goes out but what she signed up for.
"""

from __future__ import annotations

import pytest

from adapters.rules.rule_files import build
from adapters.store.load_lead import load_merged_lead
from integration.people import SOURCES, told_by_server
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.times import HOUR, MINUTE, parse_iso
from ripen_cli.project import RULES, rule_files
from stories import identified, mail_report, tracked, viewed

ADDRESS = "ann@example.com"
AD = {"campaign": {"source": "linkedin", "medium": "paid-social", "name": "eleven-minutes"}}
FILES = rule_files(RULES) | {"rules/sources.yaml": SOURCES.encode()}
CONFIGURATION = build(FILES)[0]
STARTER = compile_rules(CONFIGURATION, "starter")
REPS = {rep.address: rep.name for rep in CONFIGURATION.people.reps.values()}

ANONYMOUS = [
    ("2026-03-02T13:10", viewed, ("/lp/webinar",), AD, "social-ad-click", 5, 5.0),
    ("2026-03-02T19:30", tracked, ("Promotion Clicked",), {"promotion-id": "quote-check"}, "offer-return", 5, 10.0),
    ("2026-03-02T19:32", viewed, ("/solutions/quoting",), {}, "topic-page", 2, 12.0),
    ("2026-03-02T19:34", tracked, ("Tool Used",), {"tool": "quoting-time"}, "topic-action", 4, 16.0),
    ("2026-03-02T19:37", viewed, ("/solutions/follow-up",), {}, "topic-page", 2, 18.0),
    ("2026-03-02T19:39", tracked, ("Tool Used",), {"tool": "follow-up-plan"}, "topic-action", 4, 22.0),
    ("2026-03-02T19:43", viewed, ("/guides/win-rate",), {}, "topic-page", 2, 24.0),
    ("2026-03-02T19:46", tracked, ("Asset Previewed",), {"asset": "loss-mail"}, "topic-action", 4, 28.0),
    ("2026-03-02T19:51", viewed, ("/guides/first-reply",), {}, "topic-page", 2, 30.0),
]
"""Time, call, its arguments, its details, rule, points, and the score that is shown afterwards."""

NEWSLETTERS = [
    ("2026-03-12", 61.3, 71.3, 81.3),
    ("2026-03-19", 82.0, 92.0, 102.0),
    ("2026-03-26", 101.6, 111.6, 121.6),
    ("2026-04-02", 120.3, 130.3, 140.3),
    ("2026-04-09", 137.9, 147.9, 157.9),
]
"""The day of each, and the score shown after it was opened, after one of its links was clicked, and another."""


class Story:
    """One lead under the starter rules, looked at after each step."""

    def __init__(self, site):
        self.site = site
        self.earned = []

    def lead(self, now):
        return fold("a:ann", self.site.events(), STARTER, now)

    def shown(self, now):
        """The score of the record at this moment, as people see it."""
        landmark, total = self.site.record()["scores"]["engagement"]
        assert landmark <= now
        return round(total * 2.0 ** ((landmark - now) / STARTER.scoring.half_lives["engagement"]), 1)

    def take(self, at, event, rule, points):
        self.site.live(event, at=at)
        return self._earns(at, rule, points)

    def read(self, at, kind, number, rule, points, **details):
        """Report about a mail by SES; it counts a minute later."""
        self.site.report(
            mail_report(kind, "a:ann", f"newsletter_newsletter_{number}", at, category="newsletter", **details)
        )
        self.site.score(at)
        self.site.sweep(at + MINUTE)
        self.site.act()
        self.site.score(at + MINUTE)
        return self._earns(at + MINUTE, rule, points)

    def _earns(self, at, rule, points):
        self.earned.append((rule, points))
        found = [(part.rule, part.points) for part in self.lead(at).contributions if part.profile == "engagement"]
        assert found == self.earned
        assert len(load_merged_lead("ripen", "a:ann", 0).record.data) <= 1_024
        return self.shown(at)

    def mailed(self):
        return {event.properties["campaign"] for event in self.site.events() if event.name == "Email Sent"}

    def settle(self, at):
        """Run the sweep until nothing is due."""
        while self.site.sweep(at):
            self.site.act()
            self.site.score(at)

    def wait(self, begin, end):
        """Run the sweep four times a day."""
        for at in range(begin, end, 6 * HOUR):
            self.settle(at)


@pytest.fixture
def story(site):
    report = site.publish(FILES, 0)
    assert report["activated"], report["problems"]
    return Story(site)


def test_the_white_paper_example_gives_its_scores_mails_and_phases(story):
    for when, call, arguments, details, rule, points, shown in ANONYMOUS:
        at = parse_iso(when)
        assert story.take(at, call(*arguments, at, **details), rule, points) == shown, when

    evening = parse_iso("2026-03-02T19:55")
    anonymous = story.lead(evening)
    assert anonymous.address == ""
    assert (anonymous.phase, anonymous.stage) == ("information", "explore")
    assert (anonymous.first_touch.channel, anonymous.first_touch.campaign) == ("paid-social", "eleven-minutes")
    assert [topic for topic, _ in anonymous.interests] == ["quoting", "follow-up"]
    assert (anonymous.persona.name, round(anonymous.persona.confidence, 3)) == ("estimator", 0.664)

    story.site.live(identified(evening, email=ADDRESS, firstName="Ann", newsletter="on"), at=evening)
    signed_up = evening + MINUTE
    assert story.take(signed_up, tracked("Signed Up", signed_up, asset="workshop"), "signed-up", 20) == 50.0
    known = story.lead(signed_up)
    assert known.address == ADDRESS
    assert (known.phase, known.stage) == ("consultation", "buy")
    story.settle(signed_up + MINUTE)
    assert story.mailed() == {"double-opt-in"}
    confirmed = signed_up + 5 * MINUTE
    told_by_server(story.site, tracked("Subscription Confirmed", confirmed, address=ADDRESS), at=confirmed)
    assert story.lead(confirmed).claims.subscribed
    story.settle(confirmed + MINUTE)
    assert {"workshop-agenda", "double-opt-in"} <= story.mailed()

    webinar = parse_iso("2026-03-09T14:00")
    story.wait(confirmed + HOUR, webinar)
    attended = tracked("Webinar Attended", webinar, webinar="eleven-minutes")
    assert story.take(webinar, attended, "webinar-attended", 10) == 57.5

    last = webinar + MINUTE
    for number, (day, *expected) in enumerate(NEWSLETTERS, start=1):
        opened = parse_iso(f"{day}T07:30")
        story.wait(last, opened)
        last = opened
        shown = [story.read(opened, "Open", number, "newsletter-opened", 5)]
        for n, page in enumerate(("solutions/quoting", "guides/win-rate"), start=1):
            assert "personal-note" not in story.mailed() or shown[-1] >= 150, "sales does not write before"
            link = {"link": f"https://www.example.com/{page}?utm_medium=email"}
            shown.append(story.read(opened + n * 5 * MINUTE, "Click", number, "link-clicked", 10, **link))
        assert shown == expected, day

    assert max(expected) >= 150
    assert "personal-note" in story.mailed()
    assert story.mailed() <= {"workshop-agenda", "double-opt-in", "welcome", "newsletter", "personal-note"}
    told = {mail["To"]: mail for mail in story.site.mails()}
    [rep] = {*told} - {ADDRESS}
    assert rep in REPS, "the rep gets her whole story"
    assert told[ADDRESS]["Reply-To"] == rep, "the rep's mail is the last one"
    assert REPS[rep] in told[ADDRESS]["From"]
