"""mailing.yaml: who writes, how often, when, about what, and whom else a campaign may tell something."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ripen.config.schema.base import LongDuration, Model, Name, Text

Most = Annotated[int, Field(ge=1, le=1_000)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""A time of day, such as 08:30."""
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Translated = Annotated[dict[Language, Text], Field(min_length=1)]
"""A text in each language."""
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;]{1,64}@[^@\s<>,;]+\.[^@\s<>,;]+$", max_length=254)]
Link = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"'<>\\]+$", max_length=2_000)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write one such as Europe/Berlin") from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class Window(Model):
    """The part of the week in which a mail may go out, in the lead's time zone. It may go over midnight."""

    days: list[Weekday] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    start: Annotated[Clock, Field(alias="from")] = "00:00"
    end: Annotated[Clock, Field(alias="to")] = "00:00"

    @model_validator(mode="after")
    def _opens(self) -> Window:
        if not self.days:
            raise ValueError("days: is empty; name at least one day")
        return self


class Caps(Model):
    """The most mails that a lead gets: within 24 hours, 7 days, 30 days and for ever, and the least time in between."""

    per_day: Most | None = None
    per_week: Most | None = None
    per_month: Most | None = None
    overall: Most | None = None
    gap: LongDuration | None = None


class Unproven(Model):
    """Brakes on mails to addresses of which nobody has proven that they are the lead's own.

    `per_day` (within 24 hours) and `overall` are for one mailbox, until it is proven; `per_hour` is for all of them
    together. `pause` holds all back.
    """

    per_day: Most = 1
    overall: Most = 3
    per_hour: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    pause: bool = False


class Category(Model):
    """What mails are about: a topic that leads may turn off by itself, with caps of its own.

    `reason` is told at the end of each mail: why the lead gets it.
    """

    title: Translated
    reason: Translated | None = None
    caps: Caps = Caps()


class Recipient(Model):
    """A colleague or a system that campaigns may tell something: by mail or by webhook."""

    title: Text = ""
    mail: Address | None = None
    webhook: Link | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Recipient:
        if (self.mail is None) == (self.webhook is None):
            raise ValueError("takes exactly one of mail and webhook")
        return self


class Reason(Model):
    """An answer that may be chosen for why somebody gave a rating; `key` is what the event says."""

    key: Name
    title: Translated


class Survey(Model):
    """A question that mails ask for a rating from 0 to 10, and what its page asks beside: a reason, a comment."""

    question: Translated
    reasons: Annotated[list[Reason], Field(max_length=20)] = []
    comment: bool = True

    @model_validator(mode="after")
    def _tells_reasons_apart(self) -> Survey:
        keys = [reason.key for reason in self.reasons]
        if len(set(keys)) < len(keys):
            raise ValueError("reasons: has the same key twice; events could not tell them apart")
        return self


class Mailing(Model):
    """Who writes and when. `imprint` stands at the end of every mail, in each language.

    `window` is when marketing mails may go out, `timezone` that of leads who did not tell theirs. `opt_in` is what
    leads agree to when they confirm their address, in each language. `notices_per_hour` are the most mails about leads
    that a colleague gets in an hour; the rest comes in one.
    """

    from_name: Text = ""
    reply_to: Address | None = None
    language: Language = "en"
    timezone: Zone = "UTC"
    imprint: dict[Language, Text] = {}
    window: Window = Window()
    caps: Caps = Caps()
    unproven: Unproven = Unproven()
    notices_per_hour: Most = 10
    categories: dict[Name, Category] = {}
    recipients: dict[Name, Recipient] = {}
    surveys: dict[Name, Survey] = {}
    opt_in: dict[Language, Text] = {}
