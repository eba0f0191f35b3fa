"""people.yaml: the reps that leads are handed over to, and who stands in while one is away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from ripen.config.schema import forms
from ripen.config.schema.base import Day, Model, Name, Pattern
from ripen.config.schema.campaigns import Trait
from ripen.config.schema.forms import form
from ripen.config.schema.mailing import Address
from ripen.config.schema.translated import Language


class Absence(Model):
    """The days on which a rep is away, from the first to the last, in the time zone of `mailing`.

    Meanwhile `deputy`, another rep, stands in.
    """

    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="until")]
    deputy: Name

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Absence:
        if self.last < self.first:
            raise ValueError(f"until: {self.last} is before {self.first} in from; write the last day of the absence")
        return self

    def covers(self, day: str) -> bool:
        """True if the rep is away on this day (ISO 8601)."""
        return self.first <= day <= self.last


class Rep(Model):
    """A rep: who takes leads that match `when`, in one of the `languages` (none: in all), `capacity` of them a week.

    A rep without `when` takes the leads for which nobody else is responsible. `absent` are the days off.
    """

    name: Annotated[str, form(forms.PERSON)]
    address: Address
    languages: Annotated[list[Language], Field(max_length=20)] = []
    when: Pattern | None = None
    capacity: Annotated[int, Field(ge=1, le=1_000)]
    absent: Annotated[list[Absence], Field(max_length=100)] = []

    def absence(self, day: str) -> Absence | None:
        """The absence that covers a day (ISO 8601); None if the rep is there."""
        return next((one for one in self.absent if one.covers(day)), None)


class People(Model):
    """The reps, by name.

    A handoff to `team`, a recipient in `mailing`, goes to a rep; the team itself gets a lead that fits no rep. A lead
    whose trait `owner_trait` names a rep, by name or address, goes to that rep.
    """

    team: Name
    reps: Annotated[dict[Name, Rep], Field(min_length=1, max_length=500)]
    owner_trait: Trait | None = None

    @property
    def capacity(self) -> int:
        """The leads a week that all reps take together."""
        return sum(rep.capacity for rep in self.reps.values())

    def line_of_deputies(self, name: str, day: str) -> Iterator[str]:
        """A rep, the deputy on that day, the deputy's deputy, and so on; it ends with the one who is there.

        Deputies who stand in for each other end it, too: the last one is then named twice.
        """
        passed: list[str] = []
        while name not in passed:
            yield name
            passed.append(name)
            absence = self.reps[name].absence(day)
            if absence is None:
                return
            name = absence.deputy
        yield name
