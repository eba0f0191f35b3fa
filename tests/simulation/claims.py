"""What was true at the moment of each claim, so that it can be told whether the mail should have gone out.

It looks at the table as it lies there, and uses nothing of the code that decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from adapters.attributes import values
from ripen.identity import address_key
from ripen.ledger import EVENT_PREFIX, INTENT_PREFIX, MEMBER_PREFIX, read_items
from ripen.times import parse_iso
from simulation.fake_services import SECRET
from trigger.carrying import CLAIM_LEASE

STOPPING = ("Unsubscribed", "Email Bounced", "Email Marked as Spam")


@dataclass
class Claimed:
    """One claim of a mail, decided as of `at`; `lead` are all subjects that were the lead then."""

    subject: str
    intent: str
    at: int
    lead: frozenset[str]
    marketing: bool
    stopped: bool
    confirmed: bool
    sent: bool = False


class Claims:
    """Told of every write to the table, and of every mail that goes out."""

    def __init__(self, items):
        self.items = items
        self.made = []

    def written(self, pk, sk):
        item = self.items.get((pk, sk))
        if (
            sk.startswith(INTENT_PREFIX)
            and item
            and item["status"]["S"] == "claimed"
            and item["channel"]["S"] == "mail"
        ):
            plain = values(item)
            self.made.append(
                self._claimed(pk, sk, json.loads(plain["about"]), parse_iso(plain["due_at"]) - CLAIM_LEASE)
            )

    def sent(self, mail):
        latest = [one for one in self.made if (one.subject, one.intent) == (mail.subject, mail.intent)]
        if latest:  # otherwise it was sent without a claim, and another invariant tells
            latest[-1].sent = True

    def _claimed(self, pk, sk, about, at):
        lead = {pk}
        for subject in (open_ones := [pk]):
            for owner, key in self.items:
                if owner == subject and key.startswith(MEMBER_PREFIX):
                    open_ones.append(key.removeprefix(MEMBER_PREFIX))
                    lead.add(open_ones[-1])
        own = {subject: [event for event in self._events(subject) if event.source == "ripen"] for subject in lead}
        key = address_key(about["to"], SECRET.encode())
        confirmed = {address for events in own.values() for address in _confirmed(events)}
        noes = [event for events in own.values() for event in events if event.name in STOPPING]
        stopped = bool(noes) or "suppressed" in self.items[key, "I"]
        marketing = not about.get("transactional", False)
        intent = sk.removeprefix(INTENT_PREFIX).replace("#", "_")
        return Claimed(pk, intent, at, frozenset(lead), marketing, stopped, about["to"].casefold() in confirmed)

    def _events(self, subject):
        found = [values(item) for (pk, sk), item in self.items.items() if pk == subject and sk.startswith(EVENT_PREFIX)]
        return read_items(found)[0]


def _confirmed(events):
    """The addresses to which a mail of this subject went that was answered with a yes, in small letters."""
    mailed = {
        "_".join(str(event.properties[part]) for part in ("campaign", "step", "cycle")): event.properties.get("to", "")
        for event in events
        if event.name in ("Email Sent", "Email Unconfirmed")
    }
    intents = [event.properties["intent"] for event in events if event.name == "Subscription Confirmed"]
    return {mailed.get(intent, "").casefold() for intent in intents}
