"""content.yaml and offers.yaml: assets for mails and offers for the site, and the leads they fit."""

from __future__ import annotations

from typing import Annotated, Literal

from ripen.config.schema import forms
from ripen.config.schema.base import LongDuration, Model, Name
from ripen.config.schema.forms import form
from ripen.config.schema.mailing import Link
from ripen.config.schema.translated import ByLanguage, Translated

Target = Annotated[str, form(forms.TARGET, 2_000)]
"""A link, or a path of the site."""


class Fitting(Model):
    """The leads that content fits. An empty list fits every lead; content with a matching entry has precedence."""

    phases: list[Name] = []
    personas: list[Name] = []
    interests: list[Name] = []


class Asset(Fitting):
    """Content that mails offer, such as an e-book or a video: once to each lead, in the languages of its links."""

    kind: Name
    title: Translated
    text: Translated
    link: ByLanguage[Link]


class Offer(Fitting):
    """An offer that the site shows to a visitor: over the page, in a corner, or in the page element named `slot`.

    With `everybody`, visitors for whom no campaign chose an offer see it too. A visitor who closes it does not see it
    again for `dismiss_for`.
    """

    placement: Literal["overlay", "popup", "slot"] = "overlay"
    slot: Name | None = None
    title: Translated
    text: Translated
    button: Translated
    link: ByLanguage[Target]
    image: Translated = ""
    everybody: bool = False
    dismiss_for: LongDuration = "14d"
