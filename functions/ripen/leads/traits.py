"""What was said about the person behind a lead, kept apart by how far it can be believed.

Anybody can type anything about anybody. So there are three kinds of traits: `server` (a server of ours said so),
`proven` (by address: the reader of that mailbox said so) and `claimed` (by browser: nobody knows who typed it). Only
the first two stand in mails. Conditions see all of them; where two kinds contradict each other the better known one
counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ripen.addresses.address import comparable
from ripen.leads.proof import subject_digest

MAX_KEYS = 100
MAX_BYTES = 32 * 1024
"""Of all traits of one kind. What goes beyond is not taken; a trait that is known already may still change."""

MAX_NAME = 80
"""Characters of one of them."""

NAMES = ("firstName", "lastName", "name", "company", "role")
"""Traits that the confirmation page shows, to be corrected or removed."""


@dataclass(slots=True)
class Person:
    """Who a browser last said it was: a userId and an address (comparable form); empty as long as it said nothing."""

    user: str = ""
    address: str = ""

    def is_another(self, user: str, address: str) -> bool:
        """True if the userId or the address is not the one that was said before."""
        return bool(
            (user and self.user and user != self.user) or (address and self.address and address != self.address)
        )


@dataclass(slots=True)
class _Room:
    """How many traits of one kind are kept, and about how many bytes they have."""

    keys: int = 0
    size: int = 0

    def add(self, into: dict[str, Any], traits: Mapping[str, Any]) -> None:
        """Take traits over as far as there is room for them beside all others of their kind."""
        for key, value in traits.items():
            old = _size(key, into[key]) if key in into else 0
            new = _size(key, value)
            if (self.keys < MAX_KEYS or old) and self.size - old + new <= MAX_BYTES:
                into[key] = value
                self.keys, self.size = self.keys + (not old), self.size - old + new

    def take_back(self, traits: Mapping[str, Any]) -> None:
        """Make room again where traits were kept."""
        self.keys -= len(traits)
        self.size -= sum(map(_size, traits, traits.values()))


@dataclass(slots=True)
class Traits:
    """`browsers` says which address a browser has proven, by `subject_digest`; `people` who each browser said it was.

    `view` is what conditions see, and the same object for as long as the lead is folded.
    """

    view: dict[str, Any] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)
    proven: dict[str, dict[str, Any]] = field(default_factory=dict)
    claimed: dict[str, dict[str, Any]] = field(default_factory=dict)
    browsers: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    _of_server: _Room = field(init=False, default_factory=_Room)
    _of_readers: _Room = field(init=False, default_factory=_Room)
    _of_browsers: _Room = field(init=False, default_factory=_Room)

    def hear(self, browser: str, user: str, traits: Mapping[str, Any]) -> bool:
        """Take in what a browser says; True if it is about another person than before.

        Nothing that was said about the one stays with the other, also when the site does not say that somebody else
        uses the browser now.
        """
        email = traits.get("email")
        address = comparable(email) if isinstance(email, str) and "@" in email else ""
        person = self.people.setdefault(browser, Person())
        another = person.is_another(user, address)
        if another:
            self._of_browsers.take_back(self.claimed.pop(browser, {}))
            self.people[browser] = person = Person()
        person.user, person.address = user or person.user, address or person.address
        if traits:
            if self._has_proven(browser):
                self._of_readers.add(self.proven.setdefault(person.address, {}), traits)
            else:
                self._of_browsers.add(self.claimed.setdefault(browser, {}), traits)
        return another

    def prove(self, browser_digest: str, address: str) -> None:
        """Take note that the reader of a mailbox uses this browser: what it says of this address is believed."""
        self.browsers[browser_digest] = comparable(address)
        for browser in [*self.claimed]:
            if self._has_proven(browser):
                said = self.claimed.pop(browser)
                self._of_browsers.take_back(said)
                self._of_readers.add(self.proven.setdefault(self.people[browser].address, {}), said)

    def confirm(self, address: str, traits: Mapping[str, Any]) -> None:
        """Take in what the reader of a mailbox said about himself."""
        if address and traits:
            self._of_readers.add(self.proven.setdefault(comparable(address), {}), traits)

    def told_by_server(self, traits: Mapping[str, Any]) -> None:
        """Take in what a server of ours says."""
        self._of_server.add(self.server, traits)

    def known(self, address: str, *, by_server: bool) -> dict[str, Any]:
        """The traits that may stand in a mail to an address; `by_server`: what servers say is about its reader."""
        return {**self.proven.get(comparable(address), {}), **(self.server if by_server else {})}

    def show(self, known: Mapping[str, Any]) -> None:
        """Make the view of what is claimed and what is `known`."""
        self.view.clear()
        for said in (*self.claimed.values(), known):
            self.view.update(said)

    def names_claimed(self) -> dict[str, str]:
        """What was typed about the person's name, company and role, for the person to correct."""
        found = {name: said[name] for said in self.claimed.values() for name in NAMES if name in said}
        return {name: text[:MAX_NAME] for name, text in found.items() if isinstance(text, str) and text.strip()}

    def _has_proven(self, browser: str) -> bool:
        proven = self.browsers.get(subject_digest(browser)) if self.browsers else None
        person = self.people.get(browser)
        return bool(proven and person and person.address == proven)

    def as_json(self) -> dict[str, Any]:
        """The form that `from_json` reads; plain values only."""
        return {
            "server": self.server,
            "proven": self.proven,
            "claimed": self.claimed,
            "browsers": self.browsers,
            "people": {browser: [person.user, person.address] for browser, person in self.people.items()},
            "view": self.view,
        }

    @classmethod
    def from_json(cls, parts: Mapping[str, Any]) -> Traits:
        """What `as_json` gave."""
        people = {browser: Person(*said) for browser, said in parts["people"].items()}
        kept = {name: dict(parts[name]) for name in ("view", "server", "proven", "claimed", "browsers")}
        traits = cls(**kept, people=people)
        traits._of_server = _room([traits.server])
        traits._of_readers = _room(traits.proven.values())
        traits._of_browsers = _room(traits.claimed.values())
        return traits


def _room(kinds: Iterable[Mapping[str, Any]]) -> _Room:
    room = _Room()
    for kept in kinds:
        room.keys += len(kept)
        room.size += sum(map(_size, kept, kept.values()))
    return room


def _size(key: str, value: Any) -> int:
    """Bytes of a trait as JSON, about."""
    return len(key) + (len(value) if isinstance(value, str) else len(json.dumps(value)))
