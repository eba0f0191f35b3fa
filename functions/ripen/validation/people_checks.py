"""Checks of reps, and of steps for them, that models cannot make alone: unknown names, days without anybody there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ripen.conditions.pattern import fields
from ripen.config.configuration import Configuration
from ripen.config.schema.base import Path
from ripen.config.schema.campaigns import Campaign, Step
from ripen.config.schema.people import People, Rep
from ripen.validation.campaign_checks import listed, steps_of

Problems = Iterator[tuple[Path, str]]


def people_problems(configuration: Configuration) -> Problems:
    """All problems of the reps, and of campaigns that write in their name. Yields (path, problem)."""
    people = configuration.people
    if people is None:
        for key, campaign in configuration.campaigns.items():
            if campaign.from_rep:
                text = "there are no reps; add rules/people.yaml, or leave from_rep out"
                yield ("campaigns", key, "from_rep"), text
            for path, _ in _given_to_others(key, campaign):
                yield path, "there are no reps; add rules/people.yaml, or leave to out"
        return
    for key, campaign in configuration.campaigns.items():
        for path, step in _given_to_others(key, campaign):
            if step.notify != people.team:
                yield path, f"the recipient {step.notify!r} is not the team of the reps; write notify: {people.team}"
    yield from _team(people, configuration)
    yield from _addresses(people)
    for key, rep in people.reps.items():
        yield from _condition(("people", "reps", key, "when"), rep)
        yield from _absences(("people", "reps", key, "absent"), rep)
    strangers = [*_deputies(people)]
    yield from strangers or _unreachable(people)


def _given_to_others(key: str, campaign: Campaign) -> Iterator[tuple[Path, Step]]:
    """The steps that give the lead to another rep, each with the path of its key."""
    for path, step in steps_of(campaign, ("campaigns", key)):
        if isinstance(step, Step) and step.to is not None:
            yield (*path, "to"), step


def _team(people: People, configuration: Configuration) -> Problems:
    recipients, path = configuration.mailing.recipients, ("people", "team")
    if people.team not in recipients:
        yield path, f"there is no recipient {people.team!r}; known: {listed(recipients, people.team)}"
    elif recipients[people.team].mail is None:
        text = f"the recipient {people.team!r} has no mail, and a lead that fits no rep would reach nobody"
        yield path, f"{text}; name one with mail in mailing.recipients"


def _addresses(people: People) -> Problems:
    owners: dict[str, str] = {}
    for key, rep in people.reps.items():
        if (other := owners.setdefault(rep.address.casefold(), key)) != key:
            path = ("people", "reps", key, "address")
            yield path, f"{rep.address} is the address of {other}, too; give each rep an own address"


def _condition(path: Path, rep: Rep) -> Problems:
    for field in fields(rep.when or {}):
        if field.partition(".")[0] not in ("lead", "traits"):
            yield path, f"{field}: this condition has no event; test lead or traits"


def _absences(path: Path, rep: Rep) -> Problems:
    known = sorted(range(len(rep.absent)), key=lambda n: rep.absent[n].first)
    for before, after in pairwise(known):
        first, second = rep.absent[before], rep.absent[after]
        if second.first <= first.last:
            when = f"begins before the absence from {first.first} ends on {first.last}"
            yield (*path, after, "from"), f"{when}; write absences that do not overlap"


def _deputies(people: People) -> Problems:
    """Deputies who are no rep, or the rep in person."""
    for key, rep in people.reps.items():
        for n, absence in enumerate(rep.absent):
            path = ("people", "reps", key, "absent", n, "deputy")
            if absence.deputy not in people.reps:
                others = people.reps.keys() - {key}
                yield path, f"there is no rep {absence.deputy!r}; known: {listed(others, absence.deputy)}"
            elif absence.deputy == key:
                yield path, f"{key} cannot stand in for {key}; name another rep"


def _unreachable(people: People) -> Problems:
    """Absences during which deputies stand in for each other, told once for each circle at its first day."""
    told: set[frozenset[str]] = set()
    begins = sorted({one.first for rep in people.reps.values() for one in rep.absent})
    for day in begins:  # a circle closes on the day on which its last member leaves
        for key, rep in people.reps.items():
            line = [*people.line_of_deputies(key, day)]
            circle = line[line.index(line[-1]) : -1]
            if circle and frozenset(circle) not in told:
                told.add(frozenset(circle))
                n = next(n for n, one in enumerate(rep.absent) if one.covers(day))
                names = " -> ".join(line)
                text = f"on {day} nobody can be reached, because all of {names} are away"
                yield ("people", "reps", key, "absent", n, "deputy"), f"{text}; name a deputy who is there"
