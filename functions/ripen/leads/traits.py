"""Traits of the person behind a lead, kept apart by the trust in their origin.

Anybody can type traits of anybody. So there are three kinds of traits: `server` (sent by a server), `proven` (by
address: sent by the reader of that mailbox) and `claimed` (by browser: typed by an unknown person). Mails show only the
first two kinds. Conditions see all of them; a trait of another kind overrides a claimed one.

A `null` is a missing trait: it removes what the same kind said before, and no mail or condition sees it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ripen.addresses.address import comparable
from ripen.events.event import without_nulls
from ripen.leads.proof import subject_digest

MAX_KEYS = 100
MAX_BYTES = 32 * 1024
"""Limits for all traits of one kind. A trait beyond them is dropped; an existing trait may still change."""

MAX_NAME = 80
"""Characters of one claimed name."""

NAMES = ("salutation", "academicTitle", "firstName", "lastName", "name", "company", "role")
"""Traits that the confirmation page shows for correction or removal."""


@dataclass(slots=True)
class Person:
    """The userId and the address (comparable form) that a browser sent last; empty if it sent none."""

    user: str = ""
    address: str = ""

    def is_another(self, user: str, address: str) -> bool:
        """True if the userId or the address differs from the one sent before."""
        return bool(
            (user and self.user and user != self.user) or (address and self.address and address != self.address)
        )


@dataclass(slots=True)
class _Room:
    """The number of traits of one kind, and their approximate size in bytes."""

    keys: int = 0
    size: int = 0

    def add(self, into: dict[str, Any], traits: Mapping[str, Any]) -> None:
        """Copies traits into `into` within the limits of their kind; a null removes one."""
        for key, told in traits.items():
            if told is None:
                if key in into:
                    self.take_back({key: into.pop(key)})
                continue
            value = without_nulls(told)
            old = _size(key, into[key]) if key in into else 0
            new = _size(key, value)
            if (self.keys < MAX_KEYS or old) and self.size - old + new <= MAX_BYTES:
                into[key] = value
                self.keys, self.size = self.keys + (not old), self.size - old + new

    def take_back(self, traits: Mapping[str, Any]) -> None:
        """Releases the room of removed traits."""
        self.keys -= len(traits)
        self.size -= sum(map(_size, traits, traits.values()))


@dataclass(slots=True)
class Traits:
    """The traits of a lead by kind.

    `browsers` maps the `subject_digest` of a browser to the address it has proven. `people` maps a browser to the
    person it sent last. `view` holds the traits that conditions see; it stays the same object during a fold.
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
        """Adds traits from a browser; True if they concern another person than before.

        In that case the browser's earlier claimed traits are removed, even if the site reports no change of user.
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
        """Records that the reader of a mailbox uses this browser; its traits for this address become proven."""
        self.browsers[browser_digest] = comparable(address)
        for browser in [*self.claimed]:
            if self._has_proven(browser):
                said = self.claimed.pop(browser)
                self._of_browsers.take_back(said)
                self._of_readers.add(self.proven.setdefault(self.people[browser].address, {}), said)

    def confirm(self, address: str, traits: Mapping[str, Any]) -> None:
        """Adds traits that the reader of a mailbox stated."""
        if address and traits:
            self._of_readers.add(self.proven.setdefault(comparable(address), {}), traits)

    def told_by_server(self, traits: Mapping[str, Any]) -> None:
        """Adds traits from a server."""
        self._of_server.add(self.server, traits)

    def known(self, address: str, *, by_server: bool) -> dict[str, Any]:
        """The traits that a mail to `address` may show; those from servers only with `by_server`."""
        return {**self.proven.get(comparable(address), {}), **(self.server if by_server else {})}

    def show(self, known: Mapping[str, Any]) -> None:
        """Rebuilds the view from the claimed traits and `known`, which takes precedence."""
        self.view.clear()
        for said in (*self.claimed.values(), known):
            self.view.update(said)

    def names_claimed(self) -> dict[str, str]:
        """The claimed salutation, title, name, company and role, for the person to correct."""
        found = {name: said[name] for said in self.claimed.values() for name in NAMES if name in said}
        return {name: text[:MAX_NAME] for name, text in found.items() if isinstance(text, str) and text.strip()}

    def _has_proven(self, browser: str) -> bool:
        proven = self.browsers.get(subject_digest(browser)) if self.browsers else None
        person = self.people.get(browser)
        return bool(proven and person and person.address == proven)

    def as_json(self) -> dict[str, Any]:
        """The JSON values that `from_json` reads."""
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
        """Restores what `as_json` returned."""
        people = {browser: Person(*said) for browser, said in parts["people"].items()}
        kept = {name: without_nulls(parts[name]) for name in ("view", "server", "proven", "claimed", "browsers")}
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
    """The approximate size of a trait as JSON, in bytes."""
    return len(key) + (len(value) if isinstance(value, str) else len(json.dumps(value)))
