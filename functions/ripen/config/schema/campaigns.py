"""campaigns.yaml: what starts a campaign, its steps, and what ends it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ripen.config.schema.base import LongDuration, Model, Name, Pattern, Text
from ripen.config.schema.lifecycle import ScoreAtLeast
from ripen.config.schema.mailing import Address, Clock, Translated, Weekday, Window

Trait = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]


class Date(Model):
    """A day that is a trait of the lead, and how long before or after it to start; with `yearly` each year."""

    trait: Trait
    before: LongDuration | None = None
    after: LongDuration | None = None
    yearly: bool = False

    @model_validator(mode="after")
    def _not_both(self) -> Date:
        if self.before and self.after:
            raise ValueError("takes at most one of before and after")
        return self


class Schedule(Model):
    """A moment that comes again and again, in the lead's time zone: each day, on a day of the week or of the month."""

    every: Literal["day", "week", "month"]
    day: Annotated[int, Field(ge=1, le=28)] = 1
    weekday: Weekday = "mon"
    at: Clock = "09:00"


class Start(Model):
    """What starts a campaign, exactly one of these.

    `score`: a score reaches a threshold, once per crossing. `phase`: it is entered. `event`: one happens that matches.
    `inactive_for`: the lead did nothing for so long. `date`: a day comes near. `schedule`: a moment comes again.
    `segment`: the lead comes to match; only its own facts and traits are looked at.
    With `after`, a score counts only once an event has happened that matches it.
    """

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
            kinds = ", ".join(kind for kind in Start.model_fields if kind != "after")
            raise ValueError(f"takes exactly one of {kinds}")
        if self.after is not None and self.score is None:
            raise ValueError("takes after only together with score")
        return self


class Choice(Model):
    """Which piece of content a mail offers: the one of these kinds that fits best and that the lead did not get yet."""

    kinds: Annotated[list[Name], Field(min_length=1)]


class Step(Model):
    """One step, exactly one of `wait`, `mail`, `onsite`, `handoff`, `notify`, `webhook`, `branch` and `stop`.

    `when` looks at the lead's facts and traits, `happened` at events since the campaign started for this lead: a step
    whose conditions do not hold is passed over. A step is known by its `name`, or by what it sends.
    """

    name: Name | None = None
    wait: LongDuration | None = None
    mail: Name | None = None
    onsite: Annotated[list[Name], Field(min_length=1)] | None = None
    handoff: Name | None = None
    notify: Name | None = None
    webhook: Name | None = None
    branch: Annotated[list[Branch], Field(min_length=1)] | None = None
    stop: Literal[True] | None = None
    when: Pattern | None = None
    happened: Pattern | None = None
    content: Choice | None = None
    window: Window | None = None
    valid_for: LongDuration | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        kinds = ("wait", "mail", "onsite", "handoff", "notify", "webhook", "branch", "stop")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"takes exactly one of {', '.join(kinds)}")
        if self.content is not None and self.mail is None:
            raise ValueError("takes content only together with mail")
        if self.window is not None and given[0] in ("onsite", "branch", "stop"):
            raise ValueError(f"takes no window together with {given[0]}")
        return self

    @property
    def key(self) -> str:
        """What the step is known by; empty for one that does nothing to the outside."""
        first_offer = self.onsite[0] if self.onsite else None
        return self.name or self.mail or first_offer or self.handoff or self.notify or self.webhook or ""


class Branch(Model):
    """Steps for leads for whom the conditions hold; without conditions, for all others. The first that fits counts."""

    when: Pattern | None = None
    happened: Pattern | None = None
    steps: list[Step] = []


Step.model_rebuild()


class Campaign(Model):
    """Steps that each lead goes through for whom `start` becomes true.

    `mail` alone stands for one step. A `transactional` campaign is what the lead asked for or has to know: it needs no
    double opt-in and no cap holds it back. One that `confirms` asks to confirm an address: its mails go to the address
    that the lead named last, even if another one is proven. `only_if` looks at facts and traits when it starts. `goal`
    is what it is for, `exit` why it ends early: events, or facts that are looked at before each step. A step that
    cannot be done for the time of `valid_for` is given up; one that is over a cap waits for its turn or is dropped.
    `again` says after which time it may start anew (`never`, or a duration after its last start). Of several mails that
    could go out the one with the highest `priority` goes first. `control` percent of the leads get nothing, for
    comparison.
    """

    title: Text = ""
    start: Start
    mail: Name | None = None
    steps: list[Step] = []
    transactional: bool = False
    confirms: bool = False
    category: Name | None = None
    reason: Translated | None = None
    from_name: Text = ""
    reply_to: Address | None = None
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
            raise ValueError("takes exactly one of mail and steps")
        if self.transactional and self.category is not None:
            raise ValueError("takes no category when it is transactional: nobody can turn off what has to be sent")
        if self.confirms and not self.transactional:
            raise ValueError("confirms: write transactional: true as well; nobody has agreed to its mails yet")
        return self

    @property
    def all_steps(self) -> list[Step]:
        """Its steps, also where there is only a mail."""
        return self.steps if self.mail is None else [Step(mail=self.mail)]
