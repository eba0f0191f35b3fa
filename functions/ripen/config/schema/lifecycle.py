"""phases.yaml: the phases of the lifecycle, and the transitions into each of them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from ripen.config.schema.base import Bound, LongDuration, Model, Name, Pattern, Text, exactly_one


class ScoreAtLeast(Model):
    """The score of a profile, rounded to one decimal, reaches a threshold.

    It triggers again only after the score was below `again_below` (default: below the threshold).
    """

    profile: Name
    at_least: Bound
    again_below: Bound | None = None

    @model_validator(mode="after")
    def _falls_first(self) -> ScoreAtLeast:
        if self.again_below is not None and self.again_below > self.at_least:
            raise ValueError(f"again_below {self.again_below:g} is above at_least; write {self.at_least:g} or less")
        return self

    @property
    def fallen(self) -> float:
        """The score below which the trigger is armed again."""
        return self.at_least if self.again_below is None else self.again_below


class _Bounded(Model):
    """A condition that a value is at or above a bound, or below it."""

    model_config = ConfigDict(json_schema_extra=exactly_one("at_least", "below"))

    at_least: Bound | None = None
    below: Bound | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.at_least is None) == (self.below is None):
            raise ValueError("needs exactly one of at_least and below")
        return self


class ScoreCondition(_Bounded):
    """A condition on the score of a profile."""

    profile: Name


class InterestCondition(_Bounded):
    """A condition on the lead's interest in a topic."""

    topic: Name


class EntryCondition(Model):
    """A transition into a phase, from the phases in `from` (empty: from all); all other keys must hold together."""

    come_from: Annotated[list[Name], Field(alias="from")] = []
    score: ScoreCondition | None = None
    interest: InterestCondition | None = None
    when: Pattern | None = None
    inactive_for: LongDuration | None = None
    in_phase_for: LongDuration | None = None
    contract_ends_within: LongDuration | None = None
    repurchase_due: Annotated[float, Field(gt=0, le=10)] | None = None
    usage: Literal["growing", "falling"] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> EntryCondition:
        conditions = sorted(EntryCondition.model_fields.keys() - {"come_from"})
        if not self.model_fields_set - {"come_from"}:
            raise ValueError(f"has no condition; add one of {', '.join(conditions)}")
        return self


class Phase(Model):
    """A lifecycle phase and the transitions into it, any one of which is enough."""

    title: Text = ""
    enter: list[EntryCondition] = []
