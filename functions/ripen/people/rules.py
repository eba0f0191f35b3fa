"""The reps of people.yaml, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ripen.conditions.pattern import Predicate, compile_pattern
from ripen.config.configuration import Configuration
from ripen.config.schema.people import People
from ripen.times import SECOND


class RepRule(NamedTuple):
    """What one rep takes: leads that match, in these languages (none: all), in proportion to the `capacity`.

    `matches` is None for a rep without a condition.
    """

    name: str
    matches: Predicate | None
    languages: frozenset[str]
    capacity: int


@dataclass(frozen=True, slots=True)
class PeopleRules:
    """The compiled reps. `team` is the recipient whose handoffs go to them, `owners` are reps by name and address.

    The days of absences are those of the `zone`.
    """

    people: People
    reps: tuple[RepRule, ...]
    owners: Mapping[str, str]
    zone: ZoneInfo

    @property
    def team(self) -> str:
        """The recipient in `mailing` whose handoffs go to reps."""
        return self.people.team

    def present(self, rep: str, moment: int) -> str:
        """The rep, or the deputy who stands in at `moment` (ms)."""
        day = datetime.fromtimestamp(moment / SECOND, self.zone).date().isoformat()
        *_, last = self.people.line_of_deputies(rep, day)
        return last


def compile_people(configuration: Configuration) -> PeopleRules | None:
    """The compiled reps of a valid configuration; None if it has none."""
    people = configuration.people
    if people is None:
        return None
    reps = tuple(
        RepRule(
            name, compile_pattern(rep.when) if rep.when is not None else None, frozenset(rep.languages), rep.capacity
        )
        for name, rep in people.reps.items()
    )
    by_address = {rep.address.casefold(): name for name, rep in people.reps.items()}
    return PeopleRules(
        people, reps, by_address | {name: name for name in people.reps}, ZoneInfo(configuration.mailing.timezone)
    )
