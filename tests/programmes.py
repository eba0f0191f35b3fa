"""Lives of leads under the starter rules, by a virtual clock: what is due goes out, then time goes on to what is due next."""

from __future__ import annotations

from adapters.rulefiles import build
from ripen.event import RIPEN, Event
from ripen.fold import fold
from ripen.rules import compile_rules
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
"""The event that tells that something was done, by its channel."""

ADDRESS = "ann@example.com"


class Life:
    """One lead and all that reached it: `done` are the intents, each with the moment at which it was done."""

    def __init__(self, subject="a:ann"):
        self.subject = subject
        self.now = START
        self.events = []
        self.done = []
        self.shown = set()

    def at(self, day, name, *, traits=None, own=False, **properties):
        """Let time pass until so many days after the story begins; then this happens."""
        self.until(day)
        source = RIPEN if own else "website"
        self._add(Event(f"{self.now}-{name}", name, self.now, source, properties=properties, traits=traits or {}))

    def until(self, day):
        """Let time pass; whatever is due meanwhile is done in time."""
        end = START + round(day * DAY)
        while self.events and (due := self._do_what_is_due().due_at(reachable=True)) is not None and due <= end:
            assert due > self.now, "a lead that is due at once for ever"
            self.now = due
        self.now = end
        if self.events:
            self._do_what_is_due()

    def lead(self):
        """The lead as of now."""
        return fold(self.subject, sorted(self.events, key=lambda event: (event.at, event.id)), STARTER, self.now)

    def reached(self, *campaigns):
        """What was done by these campaigns (without any: by all): days after the story began, and its name."""
        return [
            ((at - START) // DAY, intent.step)
            for at, intent in self.done
            if intent.campaign in campaigns or not campaigns
        ]

    def marketing(self):
        """The moments and categories of all mails that need a double opt-in."""
        return [(at, one.category) for at, one in self.done if one.channel == "mail" and not one.transactional]

    def _do_what_is_due(self):
        lead = self.lead()
        self.shown |= {(self.now, offer) for offer in lead.offers}
        while due := lead.due(reachable=True):
            self._do(due[0], lead)
            lead = self.lead()
        return lead

    def _do(self, intent, lead):
        told = {"campaign": intent.campaign, "step": intent.step, "cycle": intent.cycle}
        if intent.channel == "mail":
            told |= {"mail": intent.name, "to": lead.address, "category": intent.category}
            told |= {"transactional": True} if intent.transactional else {}
            told |= {"content": intent.content} if intent.content else {}
        self.done.append((self.now, intent))
        self._add(Event(intent.id, DONE[intent.channel], self.now, RIPEN, properties=told))

    def _add(self, event):
        self.events.append(event)


def visitor(subject="a:ann"):
    """Somebody without an address who reads about quoting."""
    life = Life(subject)
    life.at(0, "Page Viewed", path="/solutions/quoting")
    return life


def subscriber(subject="a:ann", **traits):
    """Somebody who asked for mails and confirmed the address, an hour later."""
    life = visitor(subject)
    life.at(0, "Identified", traits={"email": ADDRESS} | traits)
    life.at(0, "Newsletter Requested")
    life.at(HOUR / DAY, "Subscription Confirmed", own=True, intent="double-opt-in_confirm-subscription_1")
    return life


def interested(subject="a:ann", **traits):
    """A subscriber who reads enough to be in the phase of information: 12 points."""
    life = subscriber(subject, **traits)
    for path in ("/solutions/enquiries", "/guides/first-reply", "/guides/win-rate"):
        life.at(0.1, "Page Viewed", path=path)
    life.at(0.1, "Tool Used", tool="quoting-time")
    return life


def customer(subject="a:ann", **traits):
    """A subscriber who orders on the first day."""
    life = subscriber(subject, **traits)
    life.at(1, "Order Completed", total=1200)
    return life
