"""Records the facts at the moment of each claim, to check later that each mail was allowed.

It reads the table and people's answers directly and shares no decision code with the functions.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from dataclasses import dataclass

from adapters.delivery.send_limits import MAILBOX_KEY
from adapters.dynamodb.attributes import values
from ripen.leads.proof import Proof, subject_digest
from ripen.messages.send_limits import mailbox_key
from ripen.sales.decisions import DECISIONS, DISQUALIFIED, UNDONE, moment_of
from ripen.storage.ledger import EVENT_PREFIX, INTENT_PREFIX, MEMBER_PREFIX, read_items
from ripen.times import parse_iso
from simulation.fake_services import SECRET
from simulation.site_rules import MOST_POINTS, RIPE
from trigger.delivery import CLAIM_LEASE

BEGINNINGS = ("Contract Started", "Order Completed", "Subscription Confirmed")
_BY_SALES = DECISIONS | {UNDONE, "Lead Handed Off"}
"""The events that decide what colleagues may be told."""

NOES = {"Unsubscribed": "unsubscribed", "Email Bounced": "bounced", "Email Marked as Spam": "complained"}


@dataclass
class Claimed:
    """One claim of a mail, decided at `at`; `lead` is the set of all subjects merged at that time.

    `stopped` is the reason that forbids the mail, or empty. `proven` is True if a click in a mail or a server had
    proven the address. `readers` are browsers with proven access to the mailbox. `strays` are browsers merged by a link
    alone that gave another address. `released` is the number of resets of the mailbox's send limit. `ended` is True if
    the last contract had ended and none had begun since.
    """

    subject: str
    intent: str
    at: int
    to: str
    lead: frozenset[str]
    marketing: bool
    stopped: str
    confirmed: bool
    proven: bool
    readers: frozenset[str]
    strays: frozenset[str]
    released: int = 0
    ended: bool = False
    sent: bool = False
    text: str = ""


@dataclass
class Told:
    """One claim of a handoff or a notification about a lead, and the rule that it breaks; empty if it breaks none."""

    subject: str
    key: str
    broken: str


class Claims:
    """Receives every write to the table, people's answers on pages, and every sent mail.

    `noes` and `yeses` are the moments of suppression and confirmation by address, also through mails to other leads.
    `told` are the claims of what colleagues are told; `folded` are the keys of events that a fold has surely seen.
    """

    def __init__(self, items, servers):
        self.items = items
        self.servers = servers
        self.made = []
        self.noes = defaultdict(dict)
        self.yeses = defaultdict(int)
        self.released = Counter()
        self._open = set()
        self.told = []
        self.folded = set()

    def written(self, pk, sk):
        item = self.items.get((pk, sk))
        if sk == MAILBOX_KEY and item is None:
            self.released[pk] += 1
        if not sk.startswith(INTENT_PREFIX):
            return
        plain = values(item or {})
        if plain.get("status") != "claimed":
            self._open.discard((pk, sk))
        elif plain["channel"] == "mail" and (pk, sk) not in self._open:  # a new due time is no new claim
            self._open.add((pk, sk))
            self.made.append(
                self._claimed(pk, sk, json.loads(plain["about"]), parse_iso(plain["due_at"]) - CLAIM_LEASE)
            )

        elif plain["channel"] in ("handoff", "notify") and (pk, sk) not in self._open:
            self._open.add((pk, sk))
            self.told.append(
                Told(pk, sk, self._against_sales(pk, sk, plain["channel"], parse_iso(plain["due_at"]) - CLAIM_LEASE))
            )

    def _against_sales(self, pk, sk, channel, at):
        """The decision of sales that the claim disregards, if all that concerns it was folded before."""
        events = self._surely_folded(pk)
        undone = {event.properties["decision"] for event in events if event.name == UNDONE}
        decisions = [event for event in events if event.name in DECISIONS and event.id not in undone]
        if not decisions:
            return ""
        latest = max(decisions, key=lambda event: (event.at, event.id))
        campaign = sk.removeprefix(INTENT_PREFIX).partition("#")[0]
        if channel == "notify":
            handed = [event.at for event in events if event.name == "Lead Handed Off"]
            return "reminded of it after the decision" if campaign == "decide" and latest.at > max(handed) else ""
        if latest.name == DISQUALIFIED:
            return "handed over though it is disqualified"
        if at < moment_of(latest.properties.get("until")):
            return "handed over before its day"
        restarts = [event.at for event in decisions if event.name in ("Lead Returned", "Deal Lost")]
        new = sum(MOST_POINTS.get(event.name, 0) for event in events if event.at >= max(restarts, default=0))
        return f"handed over with {new} new points" if campaign == "ripe" and new < RIPE else ""

    def _surely_folded(self, pk):
        """The events of a lead that was never merged; none if a fold may not have seen all that sales has decided."""
        events = []
        for (owner, key), item in [*self.items.items()]:
            if owner == pk and key.startswith(EVENT_PREFIX):
                found = read_items([values(item)])[0]
                if (owner, key) not in self.folded and any(event.name in _BY_SALES for event in found):
                    return []
                events += found
        merged = any(event.name in ("Lead Merged", "Lead Unmerged") for event in events)
        return [] if merged else events

    def said_no(self, address, reason, at):
        """A page has answered, or an SES event was stored."""
        noes = self.noes[address.casefold()]
        noes[reason] = max(at, noes.get(reason, 0))

    def says_yes(self, address, at):
        """A person confirms on the page."""
        key = address.casefold()
        self.yeses[key] = max(at, self.yeses[key])

    def sent(self, mail):
        latest = [one for one in self.made if (one.subject, one.intent) == (mail.subject, mail.intent)]
        if latest:  # every_intent_has_an_outcome reports a mail without a claim
            latest[-1].sent, latest[-1].text = True, mail.text

    def _claimed(self, pk, sk, about, at):
        lead, edges = self._tree(pk)
        ledgers = {subject: self._events(subject) for subject in lead}
        believed = [
            event for events in ledgers.values() for event in events if event.source in ("ripen", *self.servers)
        ]
        believed.sort(key=lambda event: (event.at, event.id))
        own = [event for event in believed if event.source == "ripen"]
        to, marketing = about["to"].casefold(), not about.get("transactional", False)
        told = _told(believed)
        readers = {event.properties["browser"] for event in _confirmations(own) if _same(event, to)}
        return Claimed(
            pk,
            sk.removeprefix(INTENT_PREFIX).replace("#", "_"),
            at,
            to,
            frozenset(lead),
            marketing,
            self._stopped(to, told, marketing=marketing),
            to in told.agreed,
            bool(readers or to in told.proven),
            frozenset(subject for subject in lead if subject_digest(subject) in readers),
            frozenset(_strays(ledgers, edges, told, self.servers)),
            self.released[mailbox_key(about["to"], SECRET.encode())],
            end_of(itertools.chain(*ledgers.values()), self.servers) is not None,
        )

    def _stopped(self, to, told, *, marketing):
        noes = self.noes[to]
        for reason in ("bounced", "complained"):
            if reason in noes or to in told.refused:
                return reason
        if marketing and noes.get("unsubscribed", -1) >= self.yeses[to]:
            return "unsubscribed"
        return told.ended if marketing else ""

    def _tree(self, pk):
        lead, edges, waiting = {pk}, [], [pk]
        for subject in waiting:
            for owner, key in [*self.items]:
                if owner == subject and key.startswith(MEMBER_PREFIX):
                    member = key.removeprefix(MEMBER_PREFIX)
                    edges.append((subject, member, int(self.items[owner, key]["proof"]["N"])))
                    waiting += [member] if member not in lead else []
                    lead.add(member)
        return lead, edges

    def _events(self, subject):
        found = [values(item) for (pk, sk), item in self.items.items() if pk == subject and sk.startswith(EVENT_PREFIX)]
        return read_items(found)[0]


def end_of(events, servers):
    """The moment at which the relationship ended that these events tell of; None while it lasts."""
    ended = None
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        if event.name == "Contract Ended" and event.source in servers:
            ended = event.at
        elif event.name in BEGINNINGS:
            ended = None
    return ended


@dataclass
class _Told:
    """The facts in a lead's own events about its addresses (casefolded); `ended` is why it gets no marketing mail."""

    agreed: set[str]
    proven: set[str]
    refused: set[str]
    ended: str = ""


def _told(believed):
    mailed, told, by_server = {}, _Told(set(), set(), set()), set()
    for event in believed:
        if event.source != "ripen":
            by_server |= {str(event.traits["email"]).strip().casefold()} if "email" in event.traits else set()
            told.proven |= by_server
            continue
        address = mailed.get((event.subject, str(event.properties.get("intent"))), "")
        if event.name in ("Email Sent", "Email Unconfirmed"):
            intent = "_".join(str(event.properties[part]) for part in ("campaign", "step", "cycle"))
            mailed[event.subject, intent] = str(event.properties.get("to", "")).casefold()
        elif event.name == "Email Address Confirmed":
            told.proven.add(str(event.properties["address"]).casefold())
        elif event.name == "Subscription Confirmed" and address:
            told.ended = "" if told.ended == "unsubscribed" else told.ended
            told.agreed.add(address)
            told.proven.add(address)
        elif event.name == "Email Address Disowned" and address not in by_server:
            told.agreed.discard(address)
            told.proven.discard(address)
        elif event.name in NOES and address:
            reason = NOES[event.name]
            if reason != "bounced" and (address in told.proven or not told.proven):  # else a stranger may have typed it
                told.agreed.clear()
                told.ended = told.ended if told.ended == "complained" else reason
            told.agreed.discard(address)
            if reason != "unsubscribed":
                told.refused.add(address)
    return told


def _confirmations(own):
    return [event for event in own if event.name == "Email Address Confirmed" and "browser" in event.properties]


def _same(event, address):
    return str(event.properties["address"]).casefold() == address


def _strays(ledgers, edges, told, servers):
    """Browsers merged into the lead by a link alone that gave an address that the lead has not proven."""
    typed = {
        subject: {
            str(event.traits["email"]).strip().casefold()
            for event in events
            if event.source not in ("ripen", *servers) and "@" in str(event.traits.get("email", ""))
        }
        for subject, events in ledgers.items()
    }
    for parent, child, proof in edges:
        joined = [subject for subject in (parent, child) if len(ledgers) == 2 and proof == Proof.LINK]
        for subject in joined:
            other = ledgers[parent if subject == child else child]
            clicks = [
                event for event in _confirmations(other) if event.properties["browser"] == subject_digest(subject)
            ]
            if clicks and typed[subject] - told.proven - {
                str(event.properties["address"]).casefold() for event in clicks
            }:
                yield subject
