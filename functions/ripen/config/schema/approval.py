"""approval.yaml: the effect from which a new version of the rules waits for a yes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ripen.config.schema.base import Model


class Approval(Model):
    """The most leads that a version may newly mail, hand over or report without a yes.

    It waits if it concerns more than `leads`, and more than `percent` of the leads that are due or were active lately.
    """

    leads: Annotated[int, Field(ge=0, le=1_000_000_000)] = 10
    percent: Annotated[float, Field(ge=0, le=100)] = 5
