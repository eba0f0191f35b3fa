"""What a lead's events say about who the lead is: addresses and userIds, each with its best proof.

An incremental reducer: `Claims` is given event after event, in order, and can be kept as JSON in between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ripen.event import MAILED, RIPEN, Event
from ripen.identity import Proof

MAX_ADDRESSES = 5
MAX_USERS = 5
MAX_TOKENS = 5
MAX_MAILED = 50

CONFIRMED = "Email Address Confirmed"
"""Ripen's own event: somebody followed the link in a mail to `properties.address`."""

OPTED_IN = "Subscription Confirmed"
"""Double opt-in. Ripen's own tells by `properties.intent` which mail's link was followed; a server may tell of one for
`properties.address`, too."""

UNMERGED = "Lead Unmerged"
"""Ripen's own event: `properties.other` is the subject on the other side, `properties.by` who parted the two."""

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_MAX_LENGTH = 254
"""Characters of an address (RFC 5321, with its erratum 1690)."""

_MAX_TOKEN = 1_000


class Claim(NamedTuple):
    """The best proof of an identity, the moment of the latest one of that grade, and the identity as it was written."""

    proof: Proof
    at: int
    text: str


@dataclass(slots=True)
class Claims:
    """`addresses` by their lower-case form and `users` by userId, at most five each.

    `tokens` are the last five of links that the lead followed, with their moments, and not verified. `parted` says for
    subjects when somebody decided that they are not this lead. `opted_in` are addresses, in lower case, that agreed to
    mails by double opt-in, with the moment. `mailed` says to which address the last mails went, by their intents.
    """

    addresses: dict[str, Claim] = field(default_factory=dict)
    users: dict[str, Claim] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    parted: dict[str, int] = field(default_factory=dict)
    opted_in: dict[str, int] = field(default_factory=dict)
    mailed: dict[str, str] = field(default_factory=dict)

    def apply(self, event: Event, trusted: frozenset[str]) -> None:
        """Take in the next event; `trusted` names the sources that are servers. What bots did proves nothing."""
        if event.bot:
            return
        if event.source == RIPEN:
            self._apply_own(event)
            return
        if event.name == OPTED_IN and event.source in trusted:
            self._opt_in(event.properties.get("address") or self.address, event.at)
        if token := event.context.get("token"):
            _remember(self.tokens, token, event.at)
        if event.name == "Identified":
            proof = _proof(event, trusted)
            self._address(event.traits.get("email"), proof, event.at)
            if event.user:
                _take(self.users, event.user, Claim(proof, event.at, event.user), MAX_USERS)
        elif event.user:
            _take(self.users, event.user, Claim(Proof.CLAIMED, event.at, event.user), MAX_USERS)

    def identities(self) -> tuple[frozenset[Any], ...]:
        """Who the lead may be, and how well that is proven, whenever it was said last."""
        return (
            frozenset((key, claim.proof) for key, claim in self.addresses.items()),
            frozenset((key, claim.proof) for key, claim in self.users.items()),
            frozenset(self.tokens),
            frozenset(self.parted.items()),
        )

    @property
    def address(self) -> str:
        """The address of the highest proof, of several the latest, as it was written; empty when there is none."""
        return self._best.text if self._best else ""

    @property
    def proof(self) -> Proof:
        """How well that address is proven."""
        return self._best.proof if self._best else Proof.NONE

    @property
    def subscribed(self) -> bool:
        """Whether `address` has agreed to mails."""
        return self.address.casefold() in self.opted_in

    @property
    def proven(self) -> bool:
        """Whether anybody but a browser said that `address` is the lead's own, or that it agreed to mails."""
        return self.proof.is_proof or self.subscribed

    @property
    def strongest(self) -> Proof:
        """The best proof of any identity."""
        return max((claim.proof for claim in (*self.addresses.values(), *self.users.values())), default=Proof.NONE)

    @property
    def _best(self) -> Claim | None:
        return max(self.addresses.values(), default=None)

    def as_json(self) -> dict[str, Any]:
        """The form that `from_json` reads; plain values only."""
        return {
            "addresses": [[*claim] for claim in self.addresses.values()],
            "users": [[*claim] for claim in self.users.values()],
            "tokens": dict(self.tokens),
            "parted": dict(self.parted),
            "opted_in": dict(self.opted_in),
            "mailed": dict(self.mailed),
        }

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Claims:
        """What `as_json` gave."""
        addresses = [Claim(Proof(proof), at, text) for proof, at, text in parts["addresses"]]
        users = [Claim(Proof(proof), at, text) for proof, at, text in parts["users"]]
        return cls(
            {claim.text.casefold(): claim for claim in addresses},
            {claim.text: claim for claim in users},
            dict(parts["tokens"]),
            dict(parts["parted"]),
            dict(parts["opted_in"]),
            dict(parts["mailed"]),
        )

    def _apply_own(self, event: Event) -> None:
        if event.name in MAILED:
            self._mailed(event.properties)
        elif event.name == OPTED_IN:
            address = self.mailed.get(str(event.properties.get("intent")), "")
            self._address(address, Proof.OPT_IN, event.at)
            self._opt_in(address, event.at)
        elif event.name == CONFIRMED:
            self._address(event.properties.get("address"), Proof.LINK, event.at)
        elif event.name == UNMERGED and event.properties["by"] == "operator":
            self.parted[event.properties["other"]] = event.at

    def _mailed(self, properties: Mapping[str, Any]) -> None:
        address = properties.get("to")
        if isinstance(address, str):
            intent = "_".join(str(properties.get(part)) for part in ("campaign", "step", "cycle"))
            # Two leads that were merged may have had the same one: then nobody can tell whose page it was.
            same = self.mailed.pop(intent, address) == address
            self.mailed[intent] = address if same else ""
            if len(self.mailed) > MAX_MAILED:
                del self.mailed[next(iter(self.mailed))]

    def _opt_in(self, address: object, at: int) -> None:
        if isinstance(address, str) and address.casefold() in self.addresses:
            self.opted_in[address.casefold()] = at

    def _address(self, text: object, proof: Proof, at: int) -> None:
        if isinstance(text, str) and len(text) <= _MAX_LENGTH and _ADDRESS.fullmatch(text.strip()):
            _take(self.addresses, text.strip().casefold(), Claim(proof, at, text.strip()), MAX_ADDRESSES)


def _proof(event: Event, trusted: frozenset[str]) -> Proof:
    if event.source in trusted:
        return Proof.SERVER
    return Proof.FORM if event.context.get("form") is True else Proof.CLAIMED


def _take(kept: dict[str, Claim], key: str, claim: Claim, most: int) -> None:
    """Keep the claim if it is the best for its key. Where there is no room only proof makes some."""
    if key not in kept and len(kept) >= most:
        weakest = min(kept, key=lambda one: kept[one])
        if not claim.proof.is_proof or claim.proof <= kept[weakest].proof:
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
