"""mailing.yaml: sender, frequency caps, hours, categories, surveys, and recipients of internal notifications."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from ripen.config.rating_scale import USUAL
from ripen.config.schema import forms
from ripen.config.schema.base import LongDuration, Model, Name, Text, exactly_one
from ripen.config.schema.forms import form
from ripen.config.schema.translated import ByLanguage, Language, Translated

Most = Annotated[int, Field(ge=1, le=1_000)]
Clock = Annotated[str, form(forms.CLOCK)]
"""A time of day, such as 08:30."""
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Address = Annotated[str, form(forms.ADDRESS, 254)]
Link = Annotated[str, form(forms.LINK, 2_000)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone; write one such as Europe/Berlin") from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class Window(Model):
    """The hours of the week in which a mail may go out, in the lead's time zone; they may extend past midnight."""

    days: list[Weekday] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    start: Annotated[Clock, Field(alias="from")] = "00:00"
    end: Annotated[Clock, Field(alias="to")] = "00:00"

    @model_validator(mode="after")
    def _opens(self) -> Window:
        if not self.days:
            raise ValueError("days: is empty; name at least one day")
        return self


class Caps(Model):
    """The most mails to a lead within 24 hours, 7 days, 30 days and in all, and the least time between two of them."""

    per_day: Most | None = None
    per_week: Most | None = None
    per_month: Most | None = None
    overall: Most | None = None
    gap: LongDuration | None = None


class Unproven(Model):
    """Send limits for unproven addresses.

    `per_day` (within 24 hours) and `overall` apply to one mailbox until it is proven, `per_hour` to all unproven
    mailboxes together. `pause` stops all these mails.
    """

    per_day: Most = 1
    overall: Most = 3
    per_hour: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    pause: bool = False


class Category(Model):
    """A topic of mails that leads can turn off, with its own caps.

    `reason` tells at the end of each mail why the lead gets it. `opens` replaces that of all mails.
    """

    title: Translated
    reason: Translated | None = None
    caps: Caps = Caps()
    opens: bool | None = None


class Recipient(Model):
    """A receiver of handoffs and internal notifications: a colleague by mail, or a system by webhook."""

    model_config = ConfigDict(json_schema_extra=exactly_one("mail", "webhook"))

    title: Text = ""
    mail: Address | None = None
    webhook: Link | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Recipient:
        if (self.mail is None) == (self.webhook is None):
            raise ValueError("needs exactly one of mail and webhook")
        return self


class Reason(Model):
    """A selectable reason for a rating; `key` is its value in the event."""

    key: Name
    title: Translated


class Scale(Model):
    """The words for the ends of a rating's scale, 0 and 10: the same in the mail and on its page."""

    low: Translated = dict(USUAL["low"])
    high: Translated = dict(USUAL["high"])


class Survey(Model):
    """A question in mails for a rating from 0 to 10; its page may also ask for a reason and a comment."""

    question: Translated
    scale: Scale = Scale()
    reasons: Annotated[list[Reason], Field(max_length=20)] = []
    comment: bool = True

    @model_validator(mode="after")
    def _tells_reasons_apart(self) -> Survey:
        keys = [reason.key for reason in self.reasons]
        if len(set(keys)) < len(keys):
            raise ValueError("reasons: contains the same key twice; give each reason its own key")
        return self


class Mailing(Model):
    """The settings for all mails.

    `imprint` is the end of every mail. `window` and `caps` apply to marketing mails. `language` and `timezone` are the
    defaults for leads without their own. `opt_in` is the text that leads agree to when they confirm their address.
    `notices_per_hour` is the most internal notifications that a colleague gets in an hour as single mails; the others
    follow in one digest. `notify` are the addresses that are told what became of an upload. `from_address` stands in
    From instead of the deployment's address. Mails without `opens` have no image that reports their opening.
    """

    from_name: Translated = ""
    from_address: Address | None = None
    reply_to: ByLanguage[Address] | None = None
    language: Language = "en"
    timezone: Zone = "UTC"
    imprint: Translated = ""
    opens: bool = True
    window: Window = Window()
    caps: Caps = Caps()
    unproven: Unproven = Unproven()
    notices_per_hour: Most = 10
    notify: Annotated[list[Address], Field(max_length=20)] = []
    categories: dict[Name, Category] = {}
    recipients: dict[Name, Recipient] = {}
    surveys: dict[Name, Survey] = {}
    opt_in: Translated = ""
