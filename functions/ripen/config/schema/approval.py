"""approval.yaml: the effect from which a new version of the rules waits for a yes, and who may say it by a link."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ripen.config.schema.base import Model
from ripen.config.schema.mailing import Address

Percent = Annotated[float, Field(ge=0, le=1_000)]


class RehearsalLimits(Model):
    """The most that a version may change without a yes, by its rehearsal over the last 90 days, in percent.

    `handoffs` and `mails` count more and fewer ones, `phase` the leads that a phase loses. Differences of up to `least`
    handoffs, mails or leads never wait.
    """

    handoffs: Percent = 20
    mails: Percent = 20
    phase: Percent = 5
    least: Annotated[int, Field(ge=0, le=1_000_000_000)] = 10


class Approval(Model):
    """The most leads that a version may newly mail, hand over or report without a yes.

    It waits if it concerns more than `leads`, and more than `percent` of the leads that are due or were active lately,
    or if its rehearsal exceeds the limits in `rehearsal`. `approvers` are addresses that get a link to say yes.
    """

    leads: Annotated[int, Field(ge=0, le=1_000_000_000)] = 10
    percent: Annotated[float, Field(ge=0, le=100)] = 5
    rehearsal: RehearsalLimits = RehearsalLimits()
    approvers: Annotated[list[Address], Field(max_length=20)] = []
