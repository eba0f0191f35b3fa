"""personas.yaml: example profiles of target groups, and the evidence that assigns leads to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ripen.config.schema.base import Model, Name, Pattern, Text

Weight = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Confidence = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class Evidence(Model):
    """Evidence for or against a persona. A `weight` of 1 is certain, 0.3 a hint; a negative one speaks against it."""

    title: Text = ""
    when: Pattern
    weight: Weight


class Persona(Model):
    """A target group: a description for people, and the evidence by which Ripen recognises it.

    A lead can get the persona from a confidence of `at_least` on.
    """

    title: Text = ""
    role: Text = ""
    demographics: Text = ""
    identifiers: list[Text] = []
    goals: list[Text] = []
    challenges: list[Text] = []
    at_least: Confidence = 0.5
    evidence: Annotated[dict[Name, Evidence], Field(min_length=1)]
