"""scoring.yaml: scoring profiles with their rules, grades of two profiles, and counts of recent events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from ripen.config.schema import forms
from ripen.config.schema.base import Day, LongDuration, Model, Name, Pattern, Points, Text, Threshold
from ripen.config.schema.forms import form

PropertyPath = Annotated[str, form(forms.PROPERTY_PATH)]


class PointsFrom(Model):
    """Points from a number in the event: the number divided by `per`, at most `cap` an event."""

    source: Annotated[PropertyPath, Field(alias="from")]
    per: Threshold = 1
    cap: Threshold


def _kind(value: object) -> str:
    return "<mapping>" if isinstance(value, Mapping | PointsFrom) else "<number>"


PointsOrFrom = Annotated[
    Annotated[Points, Tag("<number>")] | Annotated[PointsFrom, Tag("<mapping>")], Discriminator(_kind)
]
"""A number or a mapping. The discriminator makes errors name only the kind that was written."""


class ScoreRule(Model):
    """Points for each event that matches `when`, within the limits of the rule."""

    when: Pattern
    points: PointsOrFrom
    title: Text = ""
    once: bool = False
    cap: Threshold | None = None
    cap_per_day: Threshold | None = None
    window: LongDuration | None = None
    group: Name | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None

    @model_validator(mode="after")
    def _limits_make_sense(self) -> ScoreRule:
        if self.window and not self.once and self.cap is None:
            raise ValueError("window has no effect without once or cap; add one of them")
        if self.once and (self.cap is not None or self.cap_per_day is not None):
            raise ValueError("cap and cap_per_day have no effect together with once; remove once or the caps")
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            text = f"valid_until {self.valid_until} is before valid_from {self.valid_from}, so the rule never counts"
            raise ValueError(f"{text}; write a later day")
        return self


class FitRule(Model):
    """Points that count while the lead's traits match `when`."""

    when: Pattern
    points: Points
    title: Text = ""


class PointsGroup(Model):
    """A shared limit for several rules."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["cap"]}, {"required": ["cap_per_day"]}]})

    cap: Threshold | None = None
    cap_per_day: Threshold | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> PointsGroup:
        if self.cap is None and self.cap_per_day is None:
            raise ValueError("has no limit; add cap or cap_per_day")
        return self


class Profile(Model):
    """A score: its rules and its half-life. Without `half_life` it does not decay.

    `claimed` is the share of `fit` points that counts for traits that come from an unproven browser, for a lead whose
    address is proven.
    """

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["rules"]}, {"required": ["fit"]}]})

    title: Text = ""
    half_life: LongDuration | None = None
    rules: dict[Name, ScoreRule] = {}
    fit: dict[Name, FitRule] = {}
    claimed: Annotated[float, Field(ge=0, le=1)] = 0.5
    groups: dict[Name, PointsGroup] = {}

    @model_validator(mode="after")
    def _scores_something(self) -> Profile:
        if not self.rules and not self.fit:
            raise ValueError("has no rules; add rules, fit or both")
        if self.fit and self.half_life:
            raise ValueError(
                "fit points do not decay, so this profile cannot have fit and half_life; move fit to another profile"
            )
        if twice := sorted(self.rules.keys() & self.fit.keys()):
            raise ValueError(f"the name {twice[0]!r} occurs in rules and in fit; give each rule its own name")
        return self


def _descending(levels: Mapping[str, float]) -> Mapping[str, float]:
    bounds = list(levels.values())
    if bounds != sorted(set(bounds), reverse=True):
        raise ValueError("the levels are not in descending order; give each level a lower score than the one before")
    if bounds[-1] != 0:
        raise ValueError("the last level does not begin at 0; write 0, so that every lead has a level")
    return levels


Levels = Annotated[
    dict[Annotated[str, form(forms.LEVEL)], Annotated[float, Field(ge=0, le=1e6)]],
    Field(min_length=2),
    AfterValidator(_descending),
]


class GradeAxis(Model):
    """One half of a grade: the level that the score of a profile reaches."""

    profile: Name
    levels: Levels


class Grade(Model):
    """A grade: the levels of fit and engagement as one text, such as `A1`."""

    title: Text = ""
    fit: GradeAxis
    engagement: GradeAxis


class Count(Model):
    """The number of matching events within the last `window`."""

    title: Text = ""
    when: Pattern
    window: LongDuration
