"""The identifiers of a lead: the addresses and userIds in its events, each with its best proof.

`Identifiers` is an incremental reducer: it applies events one by one, in order, and converts to JSON in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ripen.addresses.address import comparable
from ripen.events.event import MAILED, RIPEN, Event, intent_id
from ripen.leads.proof import OptIn, OptInProof, Proof, subject_digest
from ripen.privacy.consent import OPTED_IN
from ripen.privacy.erasure import SUPPRESSING

MAX_ADDRESSES = 5
MAX_USERS = 5
MAX_TOKENS = 5
MAX_MAILED = 50

MAX_REFUSED = 50

CONFIRMED = "Email Address Confirmed"
"""Ripen's own event: a link in a mail to `properties.address` was followed in the browser whose `subject_digest` is
`properties.browser`."""

DISOWNED = "Email Address Disowned"
"""Ripen's own event: the reader of the mailbox stated on the confirmation page that this lead is another person."""

REFUSED = "Email Address Refused"
"""Ripen's own event: a mail to another lead caused a suppression of `properties.address`, for `properties.reason`."""

COMPLAINED, UNSUBSCRIBED = "complained", "unsubscribed"
UNDELIVERABLE = ("bounced", COMPLAINED)
"""Reasons that suppress all mail to an address. An unsubscribed address still gets transactional mail."""

UNMERGED = "Lead Unmerged"
"""Ripen's own event: `properties.other` is the digest of the other subject, `by` is `operator` or `proof`."""

_ADDRESS = re.compile(r"[^\s@<>()\[\]:;,\\\"]+@[^\W_](?:[\w-]*[^\W_])?(?:[.。][^\W_](?:[\w-]*[^\W_])?)+")
"""The syntax of an accepted address. It does not tell if the mailbox exists."""

_MAX_LENGTH = 254
"""Maximum characters of an address (RFC 5321, with its erratum 1690)."""

_MAX_TOKEN = 1_000


class Refusal(NamedTuple):
    """A suppression of an address: its reason, and its moment (ms)."""

    reason: str
    at: int


class Identifier(NamedTuple):
    """The best proof of an address or userId, the moment (ms) of the latest such proof, and the text as written."""

    proof: Proof
    at: int
    text: str


@dataclass(slots=True)
class Identifiers:
    """The identifiers, opt-ins and suppressions of a lead; addresses in comparable form, moments in milliseconds.

    `addresses` and `users` (by userId) hold at most five entries each. `tokens` are the last five tokens of followed
    links, not verified, with the moments of receipt. `unmerged` maps the digests of subjects to the moment at which an
    operator unmerged them from this lead. `opted_in` maps addresses to their opt-in with its proof. `mailed` maps
    "subject intent" to the address of each recent mail, as written. `last` is the address that was named last. `no` is
    the reason for which the lead gets no marketing mail (`unsubscribed`, `complained`, or empty). `refused` are the
    suppressions by address, which also include `bounced`. `disowned` maps addresses to the moment at which their
    readers stated that this lead is another person.
    """

    addresses: dict[str, Identifier] = field(default_factory=dict)
    users: dict[str, Identifier] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    unmerged: dict[str, int] = field(default_factory=dict)
    opted_in: dict[str, OptIn] = field(default_factory=dict)
    mailed: dict[str, str] = field(default_factory=dict)
    last: str = ""
    no: str = ""
    refused: dict[str, Refusal] = field(default_factory=dict)
    disowned: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event], trusted: frozenset[str]) -> Identifiers:
        """The identifiers after these events, in order; `trusted` names the sources that are servers."""
        claims = cls()
        for event in events:
            claims.apply(event, trusted)
        return claims

    def apply(self, event: Event, trusted: frozenset[str]) -> None:
        """Applies the next event; `trusted` names the sources that are servers. A bot's event proves nothing."""
        if event.source == RIPEN and event.name in SUPPRESSING:  # a suppression holds even if a bot caused it
            address = self.recipient(event) or self.address
            self._refuse(address, Refusal(SUPPRESSING[event.name], event.at))
        if event.bot:
            return
        if event.source == RIPEN:
            self._apply_own(event)
            return
        self._apply_told(event, trusted)

    def _apply_told(self, event: Event, trusted: frozenset[str]) -> None:
        if event.name == OPTED_IN and from_server(event, trusted):
            address = self._address(event.properties.get("address") or self.address, Proof.SERVER, event.at)
            if not self.no:  # only a click lifts a suppression of the lead
                self._opt_in(address, OptIn(OptInProof.IMPORTED if event.imported else OptInProof.SERVER, event.at))
        if token := event.context.get("token"):
            _remember(self.tokens, token, event.context.get("token_at", event.at))
        if event.name == "Identified" or event.context.get("form") is True:
            proof = _proof(event, trusted)
            if address := self._address(event.traits.get("email"), proof, event.at):
                self.last = address
            if event.user:
                _take(self.users, event.user, Identifier(proof, event.at, event.user), MAX_USERS)
        elif event.user:
            _take(self.users, event.user, Identifier(Proof.CLAIMED, event.at, event.user), MAX_USERS)

    def identities(self) -> tuple[frozenset[Any], ...]:
        """The data on which merging depends; a repeated statement with the same proof does not change it."""
        return (
            frozenset((key, claim.proof) for key, claim in self.addresses.items()),
            frozenset((key, claim.proof) for key, claim in self.users.items()),
            frozenset(self.tokens),
            frozenset(self.unmerged.items()),
            frozenset(self.disowned),
        )

    @property
    def address(self) -> str:
        """The address with the highest proof, as it was written; the latest of several, empty if there is none.

        An address that gets no mail at all (UNDELIVERABLE) is used only if there is no other.
        """
        return self._best.text if self._best else ""

    @property
    def asked(self) -> str:
        """The address to confirm: the one named last if it is neither proven nor suppressed; otherwise `address`."""
        named = self.addresses.get(self.last)
        waits = named is not None and not named.proof.is_proof and self.last not in self.refused
        return named.text if named is not None and waits else self.address

    @property
    def confirmed(self) -> bool:
        """True if `asked` has an opt-in that was not withdrawn."""
        return not self.no and comparable(self.asked) in self.opted_in

    @property
    def proof(self) -> Proof:
        """The proof of `address`."""
        return self._best.proof if self._best else Proof.NONE

    @property
    def subscribed(self) -> bool:
        """True if `address` has an opt-in that was not withdrawn."""
        return self.opt_in is not None

    @property
    def opt_in(self) -> OptIn | None:
        """The opt-in of `address`; None if it has none, or if it was withdrawn."""
        return None if self.no else self.opted_in.get(comparable(self.address))

    @property
    def suppressed(self) -> str:
        """The reason for which `address` gets no marketing mail; empty if it may get it."""
        return self.refusal_of(self.address) if not self.no else self.no

    def refusal_of(self, address: str) -> str:
        """The reason for which this address is suppressed; empty if it is not."""
        found = self.refused.get(comparable(address))
        return found.reason if found else ""

    @property
    def proven(self) -> set[str]:
        """The proven addresses, in comparable form."""
        return {address for address, claim in self.addresses.items() if claim.proof.is_proof}

    @property
    def strongest(self) -> Proof:
        """The best proof among all addresses and userIds."""
        return max((claim.proof for claim in (*self.addresses.values(), *self.users.values())), default=Proof.NONE)

    @property
    def _best(self) -> Identifier | None:
        if not self.addresses:
            return None
        taking = [claim for key, claim in self.addresses.items() if self.refusal_of(key) not in UNDELIVERABLE]
        return max(taking or self.addresses.values())

    def as_json(self) -> dict[str, Any]:
        """The JSON values that `from_json` reads."""
        return {
            "addresses": [[*claim] for claim in self.addresses.values()],
            "users": [[*claim] for claim in self.users.values()],
            "tokens": dict(self.tokens),
            "parted": dict(self.unmerged),
            "opted_in": {key: [*opt_in] for key, opt_in in self.opted_in.items()},
            "mailed": dict(self.mailed),
            "last": self.last,
            "no": self.no,
            "refused": {key: [*refusal] for key, refusal in self.refused.items()},
            "disowned": dict(self.disowned),
        }

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Identifiers:
        """Restores what `as_json` returned."""
        addresses = [Identifier(Proof(proof), at, text) for proof, at, text in parts["addresses"]]
        users = [Identifier(Proof(proof), at, text) for proof, at, text in parts["users"]]
        return cls(
            {comparable(claim.text): claim for claim in addresses},
            {claim.text: claim for claim in users},
            dict(parts["tokens"]),
            dict(parts["parted"]),
            {key: _opt_in(kept) for key, kept in parts["opted_in"].items()},
            dict(parts["mailed"]),
            parts["last"],
            parts["no"],
            {key: Refusal(*refusal) for key, refusal in parts["refused"].items()},
            dict(parts["disowned"]),
        )

    def _apply_own(self, event: Event) -> None:
        if event.name in MAILED:
            self._mailed(event)
        elif event.name == OPTED_IN:
            self._confirm(self.recipient(event), event.at)
        elif event.name == CONFIRMED:
            self._address(event.properties.get("address"), Proof.LINK, event.at)
        elif event.name == UNMERGED and event.properties["by"] == "operator":
            other = event.properties["other"]
            self.unmerged[subject_digest(other) if ":" in other else other] = event.at
        elif event.name == REFUSED:
            self._refuse_address(str(event.properties["address"]), Refusal(str(event.properties["reason"]), event.at))
        elif event.name == DISOWNED:
            self._disown(comparable(self.recipient(event)), event.at)

    def recipient(self, event: Event) -> str:
        """The address to which the mail of an event went; empty if it is not known."""
        return self.mailed.get(f"{event.subject} {event.properties.get('intent')}", "")

    def _confirm(self, address: str, at: int) -> None:
        if not address:
            return
        if self.no == UNSUBSCRIBED:
            self.no = ""
        key = comparable(address)
        if self.refusal_of(key) == UNSUBSCRIBED:
            del self.refused[key]
        self.disowned.pop(key, None)
        self._address(address, Proof.OPT_IN, at)
        self._opt_in(address, OptIn(OptInProof.CLICK, at))

    def _refuse(self, address: str, refusal: Refusal) -> None:
        """Applies a suppression: a bounce to the address alone, a complaint or unsubscription to the lead as well.

        The lead is left out if the address is unproven and another one is proven, since anybody can type an address.
        """
        reason, proven = refusal.reason, self.proven
        of_lead = not proven or comparable(address) in proven
        if of_lead and (reason == COMPLAINED or (reason == UNSUBSCRIBED and self.no != COMPLAINED)):
            self.no = reason
            self.opted_in.clear()
        self._refuse_address(address, refusal)

    def _refuse_address(self, address: str, refusal: Refusal) -> None:
        key = comparable(address)
        if key and self.refusal_of(key) not in UNDELIVERABLE:
            self.refused.pop(key, None)
            self.refused[key] = refusal
            self.opted_in.pop(key, None)
            if len(self.refused) > MAX_REFUSED:
                del self.refused[next(iter(self.refused))]

    def _disown(self, key: str, at: int) -> None:
        claim = self.addresses.get(key)
        if claim is None or claim.proof is Proof.SERVER:
            return
        del self.addresses[key]
        self.opted_in.pop(key, None)
        self.disowned[key] = at

    def _mailed(self, event: Event) -> None:
        properties = event.properties
        address = properties.get("to")
        if isinstance(address, str):
            intent = intent_id(properties)
            # The subject is part of the key because merged leads may have equal intents.
            self.mailed.pop(key := f"{event.subject} {intent}", None)
            self.mailed[key] = address
            if len(self.mailed) > MAX_MAILED:
                del self.mailed[next(iter(self.mailed))]

    def _opt_in(self, address: object, opt_in: OptIn) -> None:
        if isinstance(address, str) and (key := comparable(address)) in self.addresses and key not in self.refused:
            self.opted_in[key] = max(opt_in, self.opted_in.get(key, opt_in))

    def _address(self, text: object, proof: Proof, at: int) -> str:
        """Adds an address. Returns its comparable form; empty if it is invalid, disowned, or finds no room."""
        if not isinstance(text, str) or len(text) > _MAX_LENGTH or not _ADDRESS.fullmatch(text.strip()):
            return ""
        key = comparable(text)
        if key in self.disowned and not proof.is_proof:
            return ""
        _take(self.addresses, key, Identifier(proof, at, text.strip()), MAX_ADDRESSES)
        return key if key in self.addresses else ""


def from_server(event: Event, trusted: frozenset[str]) -> bool:
    """True if a server vouches for the event. It does not for a form that it passes on: a visitor typed that."""
    return event.source in trusted and event.context.get("form") is not True


def _opt_in(kept: Any) -> OptIn:
    """An opt-in from JSON; older states hold only the moment of a click."""
    return OptIn(OptInProof.CLICK, kept) if isinstance(kept, int) else OptIn(OptInProof(kept[0]), kept[1])


def _proof(event: Event, trusted: frozenset[str]) -> Proof:
    if from_server(event, trusted):
        return Proof.SERVER
    return Proof.FORM if event.context.get("form") is True else Proof.CLAIMED


def _take(kept: dict[str, Identifier], key: str, claim: Identifier, most: int) -> None:
    """Keeps the identifier if it is the best for its key.

    In a full dict it replaces the oldest unproven one. If all are proven, it replaces only one of a lower proof.
    """
    if key not in kept and len(kept) >= most:
        unproven = [one for one in kept if not kept[one].proof.is_proof]
        weakest = min(unproven, key=lambda one: kept[one].at) if unproven else min(kept, key=lambda one: kept[one])
        if not unproven and claim.proof <= kept[weakest].proof:
            return
        del kept[weakest]
    if key not in kept or kept[key] <= claim:
        kept[key] = claim


def _remember(tokens: dict[str, int], token: object, at: int) -> None:
    if isinstance(token, str) and len(token) <= _MAX_TOKEN:
        tokens.pop(token, None)
        tokens[token] = at
        if len(tokens) > MAX_TOKENS:
            del tokens[next(iter(tokens))]
