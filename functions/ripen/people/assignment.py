"""The rep for a lead: the owner named in its traits, the rep it has, or one chosen by rule, language and capacity.

The choice needs no counter, so it depends on nothing but the lead: weighted rendezvous hashing (Thaler, Ravishankar:
A Name-Based Mapping Scheme for Rendezvous, 1996; with weights: Schindelhauer, Schomaker, 2005) gives each rep a share
of the leads in proportion to the capacity.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from ripen.people.rules import PeopleRules, RepRule


class Assignment(NamedTuple):
    """`rep` acts for the lead now; `owner` is whose lead it becomes with that, empty if this does not change.

    Both are empty if no rep fits.
    """

    rep: str = ""
    owner: str = ""


NOBODY = Assignment()


class Asker(NamedTuple):
    """The lead that needs a rep: its subject, what conditions read (`facts`), its language, and its `owner` so far."""

    subject: str
    facts: Mapping[str, Any]
    language: str
    owner: str = ""


def assign(people: PeopleRules, lead: Asker, moment: int) -> Assignment:
    """The assignment at `moment` (ms).

    An owner who is away keeps the lead, and the deputy acts. A lead without an owner becomes the deputy's.
    """
    owner = _named(people, lead) or _owner(people, lead)
    if owner:
        return Assignment(people.present(owner, moment), owner if owner != lead.owner else "")
    return _to(people, _chosen(lead, people.reps), moment)


def keeper(people: PeopleRules, lead: Asker, moment: int) -> Assignment:
    """The rep who acts for the lead at `moment` (ms), without a change of whose lead it is."""
    owner = _owner(people, lead) or _named(people, lead)
    return Assignment(people.present(owner, moment)) if owner else NOBODY


def another(people: PeopleRules, lead: Asker, had: Collection[str], moment: int) -> Assignment:
    """A rep who fits the lead at `moment` (ms) and is none of those who `had` it; the lead becomes this rep's."""
    others = [rep for rep in people.reps if rep.name not in had and people.present(rep.name, moment) not in had]
    return _to(people, _chosen(lead, others), moment)


def _to(people: PeopleRules, chosen: str | None, moment: int) -> Assignment:
    if chosen is None:
        return NOBODY
    rep = people.present(chosen, moment)
    return Assignment(rep, rep)


def _owner(people: PeopleRules, lead: Asker) -> str:
    return lead.owner if lead.owner in people.people.reps else ""


def _named(people: PeopleRules, lead: Asker) -> str:
    return people.owners.get(_owner_trait(people, lead.facts), "")


def _owner_trait(people: PeopleRules, facts: Mapping[str, Any]) -> str:
    value = facts["traits"].get(people.people.owner_trait) if people.people.owner_trait else None
    return value.strip().casefold() if isinstance(value, str) else ""


def _chosen(lead: Asker, reps: Iterable[RepRule]) -> str | None:
    """One of the `reps` by rule, language and capacity; those responsible for the lead go before those for any lead."""
    speaking = [rep for rep in reps if not rep.languages or lead.language in rep.languages]
    responsible = [rep for rep in speaking if rep.matches is not None and rep.matches(lead.facts)]
    return highest(responsible or [rep for rep in speaking if rep.matches is None], lead.subject)


def highest(reps: Iterable[RepRule], subject: str) -> str | None:
    """The rep with the highest weight for this subject, by rendezvous hashing; None if there is no rep."""
    return max(((_weight(rep, subject), rep.name) for rep in reps), default=(0.0, None))[1]


def _weight(rep: RepRule, subject: str) -> float:
    digest = hashlib.sha256(f"{rep.name} {subject}".encode("utf-8", "surrogatepass")).digest()
    uniform = (int.from_bytes(digest[:6]) + 1) / (2**48 + 1)  # between 0 and 1, without both
    return -rep.capacity / math.log(uniform)
