"""content.yaml: what can be offered in mails and on the site, and whom it fits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ripen.config.schema.base import LongDuration, Model, Name, Text
from ripen.config.schema.mailing import Language, Link, Translated


class Fitting(Model):
    """Whom something fits. An empty list fits everybody, and gives way to what was made for the lead."""

    phases: list[Name] = []
    personas: list[Name] = []
    interests: list[Name] = []


class Asset(Fitting):
    """An e-book, a checklist, a video: mails offer it, to nobody twice. It has a link in each language it exists in."""

    kind: Name
    title: Translated
    text: Translated
    link: Annotated[dict[Language, Link], Field(min_length=1)]


class Offer(Fitting):
    """What the site shows to a visitor: over the page, in a corner of it, or in a place named `slot`.

    With `everybody` it is also shown to visitors for whom no campaign chose one. Who closed it does not see it for the
    time of `dismiss_for`.
    """

    placement: Literal["overlay", "popup", "slot"] = "overlay"
    slot: Name | None = None
    title: Translated
    text: Translated
    button: Translated
    link: Annotated[
        dict[Language, Annotated[str, Field(pattern=r"^(https?://|/)[^\s\"'<>\\]*$", max_length=2_000)]],
        Field(min_length=1),
    ]
    image: Text = ""
    everybody: bool = False
    dismiss_for: LongDuration = "14d"
