"""What a lead's events say about who the lead is: addresses and userIds, each with its best proof.

An incremental reducer: `Claims` is given event after event, in order, and can be kept as JSON in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ripen.addresses.address import comparable
from ripen.events.event import MAILED, RIPEN, Event
from ripen.leads.proof import Proof, subject_digest
from ripen.privacy.erasure import SUPPRESSING

MAX_ADDRESSES = 5
MAX_USERS = 5
MAX_TOKENS = 5
MAX_MAILED = 50

MAX_REFUSED = 50

CONFIRMED = "Email Address Confirmed"
"""Ripen's own event: somebody followed the link in a mail to `properties.address`, in the browser whose
`subject_digest` is `properties.browser`."""

DISOWNED = "Email Address Disowned"
"""Ripen's own event: the reader of the mailbox said on the confirmation page that this lead is somebody else."""

REFUSED = "Email Address Refused"
"""Ripen's own event: `properties.address` was turned down by a mail to another lead; `properties.reason` says how."""

COMPLAINED, UNSUBSCRIBED = "complained", "unsubscribed"
UNDELIVERABLE = ("bounced", COMPLAINED)
"""Reasons for which an address gets no mail at all. After an unsubscription it still gets what was asked for."""

OPTED_IN = "Subscription Confirmed"
"""Double opt-in. Ripen's own tells by `properties.intent` which mail's link was followed; a server may tell of one for
`properties.address`, too."""

UNMERGED = "Lead Unmerged"
"""Ripen's own event: `properties.other` is the digest of the subject on the other side, `by` who parted the two."""

_ADDRESS = re.compile(r"[^\s@<>()\[\]:;,\\\"]+@[^\W_](?:[\w-]*[^\W_])?(?:[.。][^\W_](?:[\w-]*[^\W_])?)+")
"""What may be an address. Whether mail can go there is seen when there is one."""

_MAX_LENGTH = 254
"""Characters of an address (RFC 5321, with its erratum 1690)."""

_MAX_TOKEN = 1_000


class Refusal(NamedTuple):
    """Why an address takes no mail, or no marketing mail, and since when."""

    reason: str
    at: int


class Identifier(NamedTuple):
    """The best proof of an identity, the moment of the latest one of that grade, and the identity as it was written."""

    proof: Proof
    at: int
    text: str


@dataclass(slots=True)
class Identifiers:
    """`addresses` by their comparable form and `users` by userId, at most five each.

    `tokens` are the last five of links that the lead followed, with the moments at which they were received, and not
    verified. `parted` says for digests of subjects when somebody decided that they are not this lead. `opted_in` are
    addresses (comparable form) that agreed to mails by double opt-in, with the moment. `mailed` says to which address
    the last mails went, by subjects and intents. `last` is the address that was named last. `no` is why the lead gets
    no marketing mail (`unsubscribed` or `complained`; empty: it may), `refused` the same of addresses, also `bounced`.
    `disowned` are addresses whose reader said that this lead is somebody else.
    """

    addresses: dict[str, Identifier] = field(default_factory=dict)
    users: dict[str, Identifier] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    unmerged: dict[str, int] = field(default_factory=dict)
    opted_in: dict[str, int] = field(default_factory=dict)
    mailed: dict[str, str] = field(default_factory=dict)
    last: str = ""
    no: str = ""
    refused: dict[str, Refusal] = field(default_factory=dict)
    disowned: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event], trusted: frozenset[str]) -> Identifiers:
        """What these events, in order, say about who a lead is."""
        claims = cls()
        for event in events:
            claims.apply(event, trusted)
        return claims

    def apply(self, event: Event, trusted: frozenset[str]) -> None:
        """Take in the next event; `trusted` names the sources that are servers. What bots did proves nothing."""
        if event.source == RIPEN and event.name in SUPPRESSING:  # believed, whatever program brought it
            address = self.recipient(event) or self.address
            self._refuse(address, Refusal(SUPPRESSING[event.name], event.at))
        if event.bot:
            return
        if event.source == RIPEN:
            self._apply_own(event)
            return
        self._apply_told(event, trusted)

    def _apply_told(self, event: Event, trusted: frozenset[str]) -> None:
        if event.name == OPTED_IN and event.source in trusted:
            address = self._address(event.properties.get("address") or self.address, Proof.SERVER, event.at)
            if not self.no:  # only a click takes a no back
                self._opt_in(address, event.at)
        if token := event.context.get("token"):
            _remember(self.tokens, token, event.context.get("token_at", event.at))
        if event.name == "Identified":
            proof = _proof(event, trusted)
            if address := self._address(event.traits.get("email"), proof, event.at):
                self.last = address
            if event.user:
                _take(self.users, event.user, Identifier(proof, event.at, event.user), MAX_USERS)
        elif event.user:
            _take(self.users, event.user, Identifier(Proof.CLAIMED, event.at, event.user), MAX_USERS)

    def identities(self) -> tuple[frozenset[Any], ...]:
        """Who the lead may be, and how well that is proven, whenever it was said last."""
        return (
            frozenset((key, claim.proof) for key, claim in self.addresses.items()),
            frozenset((key, claim.proof) for key, claim in self.users.items()),
            frozenset(self.tokens),
            frozenset(self.unmerged.items()),
            frozenset(self.disowned),
        )

    @property
    def address(self) -> str:
        """The address of the highest proof, of several the latest, as it was written; empty when there is none.

        One that takes no mail gives way to any other.
        """
        return self._best.text if self._best else ""

    @property
    def asked(self) -> str:
        """The address to be confirmed: the one named last while it is not proven; otherwise the best one."""
        named = self.addresses.get(self.last)
        waits = named is not None and not named.proof.is_proof and self.last not in self.refused
        return named.text if named is not None and waits else self.address

    @property
    def confirmed(self) -> bool:
        """Whether `asked` has agreed to mails, and nobody took that back."""
        return not self.no and comparable(self.asked) in self.opted_in

    @property
    def proof(self) -> Proof:
        """How well that address is proven."""
        return self._best.proof if self._best else Proof.NONE

    @property
    def subscribed(self) -> bool:
        """Whether `address` has agreed to mails."""
        return not self.no and comparable(self.address) in self.opted_in

    @property
    def suppressed(self) -> str:
        """Why `address` gets no marketing mail any more; empty when it may."""
        return self.refusal_of(self.address) if not self.no else self.no

    def refusal_of(self, address: str) -> str:
        """Why this address takes no mail, or no marketing mail; empty when it does."""
        found = self.refused.get(comparable(address))
        return found.reason if found else ""

    @property
    def proven(self) -> set[str]:
        """The addresses (comparable form) that are proven."""
        return {address for address, claim in self.addresses.items() if claim.proof.is_proof}

    @property
    def strongest(self) -> Proof:
        """The best proof of any identity."""
        return max((claim.proof for claim in (*self.addresses.values(), *self.users.values())), default=Proof.NONE)

    @property
    def _best(self) -> Identifier | None:
        taking = [claim for key, claim in self.addresses.items() if self.refusal_of(key) not in UNDELIVERABLE]
        return max(taking or self.addresses.values(), default=None)

    def as_json(self) -> dict[str, Any]:
        """The form that `from_json` reads; plain values only."""
        return {
            "addresses": [[*claim] for claim in self.addresses.values()],
            "users": [[*claim] for claim in self.users.values()],
            "tokens": dict(self.tokens),
            "parted": dict(self.unmerged),
            "opted_in": dict(self.opted_in),
            "mailed": dict(self.mailed),
            "last": self.last,
            "no": self.no,
            "refused": {key: [*refusal] for key, refusal in self.refused.items()},
            "disowned": dict(self.disowned),
        }

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Identifiers:
        """What `as_json` gave."""
        addresses = [Identifier(Proof(proof), at, text) for proof, at, text in parts["addresses"]]
        users = [Identifier(Proof(proof), at, text) for proof, at, text in parts["users"]]
        return cls(
            {comparable(claim.text): claim for claim in addresses},
            {claim.text: claim for claim in users},
            dict(parts["tokens"]),
            dict(parts["parted"]),
            dict(parts["opted_in"]),
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
        """The address that the mail went to which an event is about, as far as that is known."""
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
        self._opt_in(address, at)

    def _refuse(self, address: str, refusal: Refusal) -> None:
        """A bounce is about the address alone, a complaint and an unsubscription about the lead too.

        Not so from an address that nobody has proven, beside one that is: anybody may have typed it.
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
            intent = "_".join(str(properties.get(part)) for part in ("campaign", "step", "cycle"))
            # By subject: two leads that were merged may have had the same one.
            self.mailed.pop(key := f"{event.subject} {intent}", None)
            self.mailed[key] = address
            if len(self.mailed) > MAX_MAILED:
                del self.mailed[next(iter(self.mailed))]

    def _opt_in(self, address: object, at: int) -> None:
        if isinstance(address, str) and (key := comparable(address)) in self.addresses and key not in self.refused:
            self.opted_in[key] = at

    def _address(self, text: object, proof: Proof, at: int) -> str:
        """Take in an address; its comparable form, or nothing when it is none or was disowned."""
        if not isinstance(text, str) or len(text) > _MAX_LENGTH or not _ADDRESS.fullmatch(text.strip()):
            return ""
        key = comparable(text)
        if key in self.disowned and not proof.is_proof:
            return ""
        _take(self.addresses, key, Identifier(proof, at, text.strip()), MAX_ADDRESSES)
        return key if key in self.addresses else ""


def _proof(event: Event, trusted: frozenset[str]) -> Proof:
    if event.source in trusted:
        return Proof.SERVER
    return Proof.FORM if event.context.get("form") is True else Proof.CLAIMED


def _take(kept: dict[str, Identifier], key: str, claim: Identifier, most: int) -> None:
    """Keep the claim if it is the best for its key. Where there is no room, the oldest that is not proven goes."""
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
