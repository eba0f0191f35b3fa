"""interests.yaml: the topics that a lead may be interested in, and what counts as using the product."""

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
    """All topics. Interest fades with `half_life`; a lead is interested from `at_least` on."""

    half_life: LongDuration = "30d"
    at_least: Bound = 1
    topics: Annotated[dict[Name, Topic], Field(min_length=1)]


class Usage(Model):
    """Which events are use of the product; whether it grows or falls is told by them."""

    when: Pattern
