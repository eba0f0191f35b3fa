"""Simulates leads under the starter rules with a virtual clock.

The clock advances from one due time to the next, and every due action succeeds at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from adapters.rules.rule_files import build
from ripen.events.event import RIPEN, Event
from ripen.events.link_scanners import SETTLING
from ripen.fold.fold import fold, new_state
from ripen.fold.rules import compile_rules
from ripen.leads.lead import Reach
from ripen.sales.decisions import DECISIONS
from ripen.times import DAY, HOUR
from ripen_cli.project import RULES, rule_files
from stories import START

CONFIGURATION, MAILS, VERSION = build(rule_files(RULES))
STARTER = compile_rules(CONFIGURATION, VERSION)
DONE = {
    "mail": "Email Sent",
    "handoff": "Lead Handed Off",
    "notify": "Colleague Notified",
    "webhook": "Webhook Delivered",
}
"""The event that reports a completed action, by channel."""

OWN = ("Subscription Confirmed", "Preferences Changed", "Unsubscribed", "Feedback Given")
"""Events from the pages behind mails, which Ripen itself records."""

ADDRESS = "ann@example.com"


class Life:
    """One lead and its actions: `done` are intents with their moments, `shown` the offers on the site."""

    def __init__(self, subject="a:ann"):
        self.subject = subject
        self.now = START
        self.state = new_state(STARTER)
        self.events = []
        self.fresh = []
        self.done = []
        self.shown = []

    def at(self, day, name, **properties):
        """Advance the clock to `day` days after START, then add an event."""
        self.until(day)
        source = RIPEN if name.startswith("Email ") or name in OWN or name in DECISIONS else "website"
        parts = {part: properties.pop(part) for part in ("traits", "context") if part in properties}
        self._add(Event(f"{len(self.events):04}", name, self.now, source, properties=properties, **parts))

    def until(self, day):
        """Advance the clock to `day` days after START; due actions are done on time."""
        end = START + round(day * DAY)
        while self.events and (due := self._do_what_is_due().due_at(Reach.EVERYTHING)) is not None and due <= end:
            assert due > self.now, "a lead that is due at once for ever"
            self.now = due
        self.now = end
        if self.events:
            self._do_what_is_due()

    def lead(self):
        """The lead at the present moment, folded on from the previous state."""
        fresh, self.fresh = self.fresh, []
        return fold(self.subject, fresh, STARTER, self.now, self.state)

    def lead_from_scratch(self):
        """The lead at the present moment, folded from all events."""
        return fold(self.subject, self.events, STARTER, self.now)

    def reached(self, *campaigns):
        """The actions of these campaigns (default: all): days since START, and the step."""
        return [
            (at // DAY - START // DAY, intent.step)
            for at, intent in self.done
            if intent.campaign in campaigns or not campaigns
        ]

    def marketing(self):
        """All mails that need a double opt-in, with their moments."""
        return [(at, one) for at, one in self.done if one.channel == "mail" and not one.transactional]

    def _do_what_is_due(self):
        lead = self.lead()
        self.shown += [offer for offer in lead.offers if offer not in self.shown]
        while due := lead.due(Reach.EVERYTHING):
            self._do(due[0], lead)
            lead = self.lead()
        return lead

    def _do(self, intent, lead):
        told = intent.about(lead.address if intent.channel == "mail" else "")
        self.done.append((self.now, intent))
        if intent.owner:
            assigned = {part: told[part] for part in ("campaign", "step", "cycle")} | {"rep": intent.owner}
            self._add(Event(f"{len(self.events):04}", "Lead Assigned", self.now, RIPEN, properties=assigned))
        self._add(Event(f"{len(self.events):04}", DONE[intent.channel], self.now, RIPEN, properties=told))

    def _add(self, event):
        self.events.append(event)
        self.fresh.append(event)
        if event.name in ("Email Opened", "Email Link Clicked"):
            self.now += SETTLING  # the event counts only after this time


class Story(NamedTuple):
    """A scenario for one campaign. `happens` lists days, events and their properties.

    After `days` days, the campaign has done the steps in `done`, each with its day, and the site has shown `shown`.
    """

    campaign: str
    title: str
    begin: Callable[[], Life]
    happens: Sequence[tuple[float, str, dict[str, Any]]]
    days: int
    done: Sequence[tuple[int, str]] = ()
    shown: Sequence[str] = ()

    def live(self):
        """The lead after the whole scenario."""
        life = self.begin()
        for day, name, properties in self.happens:
            life.at(day, name, **properties)
        life.until(self.days)
        return life


def visitor():
    """A visitor without an address who reads about quoting."""
    life = Life()
    life.at(0, "Page Viewed", path="/solutions/quoting")
    return life


def known():
    """A visitor who gave an address and requested no mails."""
    life = visitor()
    life.at(0, "Identified", traits={"email": ADDRESS})
    return life


def subscriber():
    """A visitor who requested mails and confirmed the address an hour later."""
    life = known()
    life.at(0, "Newsletter Requested")
    life.at(HOUR / DAY, "Subscription Confirmed", intent="double-opt-in_confirm-subscription_1")
    return life


def interested():
    """A subscriber with 12 points, in the information phase."""
    life = subscriber()
    for path in ("/solutions/enquiries", "/guides/first-reply", "/guides/win-rate"):
        life.at(0.1, "Page Viewed", path=path)
    life.at(0.1, "Tool Used", tool="quoting-time")
    return life


def warm():
    """A subscriber who attended the webinar, with 62 points, in the consultation phase."""
    life = interested()
    life.at(0.1, "Signed Up")
    life.at(0.1, "Webinar Attended", webinar="eleven-minutes")
    for _ in range(5):
        life.at(0.1, "Tool Used", tool="quoting-time")
    return life


def customer():
    """A subscriber who orders on day 1, in the retention phase from day 31 on."""
    life = subscriber()
    life.at(1, "Order Completed", total=1200)
    return life


def former():
    """A customer whose contract ended after two months, with a visit a week later."""
    life = customer()
    life.at(60, "Contract Ended")
    life.at(67, "Page Viewed", path="/")
    return life
