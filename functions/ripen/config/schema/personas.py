"""personas.yaml: example profiles of target groups, and what tells that a lead is one of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ripen.config.schema.base import Model, Name, Pattern, Text

Weight = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Confidence = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class Evidence(Model):
    """A sign of a persona. `weight` is how sure it makes one: 1 is certain, 0.3 a hint; below 0 it speaks against."""

    title: Text = ""
    when: Pattern
    weight: Weight


class Persona(Model):
    """A target group, described for people, with the evidence by which Ripen recognises it."""

    title: Text = ""
    role: Text = ""
    demographics: Text = ""
    identifiers: list[Text] = []
    goals: list[Text] = []
    challenges: list[Text] = []
    at_least: Confidence = 0.5
    evidence: Annotated[dict[Name, Evidence], Field(min_length=1)]
