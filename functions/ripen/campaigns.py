"""When a campaign starts for a lead, and how its starts are numbered.

A mail carries the number of its start, and its outcome in the ledger repeats it; so the same decision is the same
intent, however often it is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ripen.schema.lifecycle import ScoreAtLeast
from ripen.times import DAY

_CREDIT = 30 * DAY
"""So long a mail that went out for a start that is gone (its events were a bot's, or expired) counts for the next."""


@dataclass(frozen=True, slots=True)
class CampaignRule:
    """A campaign: started by a score (when `gated`, not before a certain event happened) or by a phase."""

    name: str
    score: ScoreAtLeast | None
    gated: bool
    phase: str | None
    mail: str


@dataclass(slots=True)
class Progress:
    """How far a campaign is: `number` of the latest start, `since` when it waits for its mail to go out (or None).

    `open`: what has to come before has happened. `above`: its score has not fallen since. Until `credit` the next start
    has its mail already. `doubtful` are the numbers whose mail went out perhaps.
    """

    open: bool
    number: int = 0
    since: int | None = None
    above: bool = False
    credit: int = -1
    doubtful: tuple[int, ...] = ()

    def start(self, moment: int) -> None:
        """Start the campaign, unless its last mail still waits."""
        if self.since is not None:
            return
        if moment <= self.credit:
            self.credit = -1
            return
        self.number += 1
        self.since = moment

    def end(self, number: int, name: str, moment: int) -> None:
        """Take note of an outcome."""
        if number in self.doubtful and number < self.number:
            return  # what became of an earlier mail after all
        if name == "Email Unconfirmed":
            self.doubtful = (*self.doubtful[-9:], number)
        if self.since is None and number > self.number:
            self.credit = moment + _CREDIT
        self.since = None
        self.number = max(self.number, number)

    def as_json(self) -> list[Any]:
        """All of it, as `from_json` takes it."""
        return [self.open, self.number, self.since, self.above, self.credit, list(self.doubtful)]

    @classmethod
    def from_json(cls, values: list[Any]) -> Progress:
        """What `as_json` gave."""
        is_open, number, since, above, credit, doubtful = values
        return cls(is_open, number, since, above, credit, tuple(doubtful))


def first_progress(campaigns: Iterable[CampaignRule]) -> dict[str, Progress]:
    """Where each campaign stands before anything happened."""
    return {campaign.name: Progress(open=not campaign.gated) for campaign in campaigns}


def take_outcome(progress: Mapping[str, Progress], properties: Mapping[str, Any], name: str, moment: int) -> None:
    """Note the outcome that an event of Ripen tells of."""
    found = progress.get(str(properties.get("campaign")))
    number = properties.get("cycle")
    if found is not None and isinstance(number, int):
        found.end(number, name, moment)
