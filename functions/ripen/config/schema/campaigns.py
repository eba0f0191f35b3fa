"""campaigns.yaml: the start of a campaign, its steps, and the conditions that end it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from ripen.config.schema import forms
from ripen.config.schema.base import LongDuration, Model, Name, Pattern, Text, exactly_one
from ripen.config.schema.forms import form
from ripen.config.schema.lifecycle import ScoreAtLeast
from ripen.config.schema.mailing import Address, Clock, Weekday, Window
from ripen.config.schema.translated import ByLanguage, Translated

CHANNELS = ("mail", "onsite", "handoff", "notify", "webhook")
"""The keys of steps that do something."""

_ONLY_WITH = {"content": ["mail"], "to": ["notify"], "says": ["notify"]}
_STEPS = ("wait", *CHANNELS, "branch", "stop")

Trait = Annotated[str, form(forms.TRAIT)]


class Date(Model):
    """A start relative to a day in a trait of the lead: on it, `before` or `after` it; with `yearly` every year."""

    trait: Trait
    before: LongDuration | None = None
    after: LongDuration | None = None
    yearly: bool = False

    @model_validator(mode="after")
    def _not_both(self) -> Date:
        if self.before and self.after:
            raise ValueError("allows at most one of before and after")
        return self


class Schedule(Model):
    """A recurring moment in the lead's time zone: every day, on a day of the week or on a day of the month."""

    every: Literal["day", "week", "month"]
    day: Annotated[int, Field(ge=1, le=28)] = 1
    weekday: Weekday = "mon"
    at: Clock = "09:00"


_STARTS = ("score", "phase", "event", "inactive_for", "date", "schedule", "segment")


class Start(Model):
    """The trigger of a campaign: exactly one key, and optionally `after` beside `score`.

    `score`: a score reaches a threshold, once a crossing. `phase`: the lead enters the phase. `event`: a matching event
    happens. `inactive_for`: the lead does nothing for this time. `date`: a day in a trait is near. `schedule`: a
    recurring moment comes. `segment`: the lead begins to match; the condition tests facts and traits of the lead only.
    With `after`, a score triggers only after an event that matches `after`.
    """

    model_config = ConfigDict(json_schema_extra=exactly_one(*_STARTS) | {"dependencies": {"after": ["score"]}})

    score: ScoreAtLeast | None = None
    phase: Name | None = None
    event: Pattern | None = None
    inactive_for: LongDuration | None = None
    date: Date | None = None
    schedule: Schedule | None = None
    segment: Pattern | None = None
    after: Pattern | None = None

    @model_validator(mode="after")
    def _one_of_all(self) -> Start:
        given = self.model_fields_set - {"after"}
        if len(given) != 1 or getattr(self, next(iter(given))) is None:
            raise ValueError(f"needs exactly one of {', '.join(_STARTS)}")
        if self.after is not None and self.score is None:
            raise ValueError("allows after only together with score")
        return self


class Choice(Model):
    """The content that a mail offers: the best match of these kinds that the lead did not get before."""

    kinds: Annotated[list[Name], Field(min_length=1)]


class Step(Model):
    """One step, exactly one of `wait`, `mail`, `onsite`, `handoff`, `notify`, `webhook`, `branch` and `stop`.

    `when` tests the lead's facts and traits, `happened` the events since the campaign started for the lead. If one of
    them does not hold, the step is skipped. `was` is the former name of a renamed step. A notification is marked as
    what it `says`; with `to: another_rep` it gives the lead to a rep who did not have it since the last handoff.
    """

    model_config = ConfigDict(json_schema_extra=exactly_one(*_STEPS) | {"dependencies": _ONLY_WITH})

    name: Name | None = None
    was: Name | None = None
    wait: LongDuration | None = None
    mail: Name | None = None
    onsite: Annotated[list[Name], Field(min_length=1)] | None = None
    handoff: Name | None = None
    notify: Name | None = None
    webhook: Name | None = None
    to: Literal["another_rep"] | None = None
    says: Literal["reminder", "escalation"] | None = None
    branch: Annotated[list[Branch], Field(min_length=1)] | None = None
    stop: Literal[True] | None = None
    when: Pattern | None = None
    happened: Pattern | None = None
    content: Choice | None = None
    window: Window | None = None
    valid_for: LongDuration | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        given = [kind for kind in _STEPS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(_STEPS)}")
        if self.was is not None and not self.acts:
            raise ValueError(f"allows was only together with one of {', '.join(CHANNELS)}")
        if self.content is not None and self.mail is None:
            raise ValueError("allows content only together with mail")
        for key in ("to", "says"):
            if getattr(self, key) is not None and self.notify is None:
                raise ValueError(f"allows {key} only together with notify")
        if self.to is not None and self.says is not None:
            raise ValueError("allows at most one of to and says: a notification to another rep says what it is")
        if self.window is not None and given[0] in ("onsite", "branch", "stop"):
            raise ValueError(f"does not allow window together with {given[0]}")
        return self

    @property
    def acts(self) -> bool:
        """True if the step does something, other than to wait, branch or stop."""
        return any(getattr(self, channel) is not None for channel in CHANNELS)

    @property
    def key(self) -> str:
        """The identity of the step: its name, or the name of what it sends; empty for one that has neither."""
        first_offer = self.onsite[0] if self.onsite else None
        return self.name or self.mail or first_offer or self.handoff or self.notify or self.webhook or ""


class Branch(Model):
    """Steps for leads that match the conditions; a branch without conditions matches all. The first match counts."""

    when: Pattern | None = None
    happened: Pattern | None = None
    steps: list[Step] = []


Step.model_rebuild()


class Campaign(Model):
    """A sequence of steps for each lead that `start` enrolls.

    `mail` is short for a single mail step. A `transactional` campaign sends what the lead asked for or must know: it
    needs no double opt-in and no cap applies. A campaign that `confirms` asks the lead to confirm an address: its mails
    go to the address that the lead gave last, even if another one is proven. `only_if` tests facts and traits at the
    start. `goal` is the purpose, `exit` lists conditions for an early end: both match events, or facts before each
    step. A step that cannot be done within `valid_for` is given up; `when_capped` delays or drops a mail over a cap.
    Mails of a campaign with `from_rep` are written in the name of the lead's rep, who also gets the replies.
    `again` is the least time between two starts for a lead (or `never`). Of several mails that are due, the one with
    the highest `priority` goes first. `control` is the holdout share in percent: these leads get nothing. `was` is the
    former name of a renamed campaign. `restart` permits new names without `was`: leads under way start again.
    """

    model_config = ConfigDict(json_schema_extra=exactly_one("mail", "steps"))

    title: Text = ""
    was: Name | None = None
    restart: bool = False
    start: Start
    mail: Name | None = None
    steps: list[Step] = []
    transactional: bool = False
    confirms: bool = False
    category: Name | None = None
    reason: Translated | None = None
    from_name: Translated = ""
    from_address: Address | None = None
    reply_to: ByLanguage[Address] | None = None
    from_rep: bool = False
    only_if: Pattern | None = None
    goal: Pattern | None = None
    exit: list[Pattern] = []
    again: LongDuration | Literal["never"] | None = None
    priority: Annotated[int, Field(ge=0, le=100)] = 50
    control: Annotated[float, Field(ge=0, lt=100)] = 0
    valid_for: LongDuration = "7d"
    when_capped: Literal["wait", "drop"] = "wait"

    @model_validator(mode="after")
    def _has_steps(self) -> Campaign:
        if (self.mail is None) == (not self.steps):
            raise ValueError("needs exactly one of mail and steps")
        if self.transactional and self.category is not None:
            raise ValueError(
                "does not allow category together with transactional: leads cannot turn off transactional mails"
            )
        if self.confirms and not self.transactional:
            raise ValueError("confirms: requires transactional: true, because the lead has not given consent yet")
        return self

    @property
    def all_steps(self) -> list[Step]:
        """The steps, including the single step that `mail` stands for."""
        return self.steps if self.mail is None else [Step(mail=self.mail)]

    @property
    def actions(self) -> dict[str, Step]:
        """The steps that do something, those in branches included, by their keys."""
        return {step.key: step for step in _with_branches(self.all_steps) if step.acts}


def _with_branches(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        for branch in step.branch or ():
            yield from _with_branches(branch.steps)


class Edition(Model):
    """Former steps of a campaign. Leads under way followed them until the moment `until` (ms)."""

    until: int
    steps: list[Step]
    valid_for: LongDuration
