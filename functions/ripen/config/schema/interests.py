"""interests.yaml: topics of interest, and the events that count as use of the product."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ripen.config.schema.base import Bound, LongDuration, Model, Name, Pattern, Text, Threshold


class Topic(Model):
    """A topic and the events that show interest in it."""

    title: Text = ""
    when: Pattern
    points: Threshold = 1


class Interests(Model):
    """All topics. Interest decays with `half_life`; a lead is interested in a topic from `at_least` points on."""

    half_life: LongDuration = "30d"
    at_least: Bound = 1
    topics: Annotated[dict[Name, Topic], Field(min_length=1)]


class Usage(Model):
    """The events that count as use of the product; their rate tells if usage grows or falls."""

    when: Pattern
