"""What became of the mails that were sent: delivered, opened, clicked, goal reached; or bounced, spam, unsubscribed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self

from ripen.campaigns.state import CampaignNote
from ripen.events.event import RIPEN, Event, intent_id
from ripen.events.link_scanners import with_bot_verdicts
from ripen.leads.lead import Lead
from ripen.reports.uplift import GOAL

_STAGES: Mapping[str, tuple[str, ...]] = {
    "Email Delivered": ("delivered",),
    "Email Opened": ("opened",),
    "Email Link Clicked": ("opened", "clicked"),
    "Unsubscribed": ("unsubscribed",),
    "Email Bounced": ("bounced",),
    "Email Marked as Spam": ("spam",),
}
"""The stages that an event about a mail proves. A click proves that the mail was opened, even without its images."""


class SentMail(NamedTuple):
    """The name of a mail, and the campaign that sent it."""

    mail: str
    campaign: str


class Funnel(NamedTuple):
    """The number of mails that were `sent`, and how many of them reached each stage; each mail counts once a stage.

    `goal` counts mails after which the campaign of the lead ended because its goal was reached.
    """

    sent: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    goal: int = 0
    unsubscribed: int = 0
    spam: int = 0
    bounced: int = 0

    def plus(self, other: Self) -> Self:
        """The sum of both."""
        return type(self)(*(one + another for one, another in zip(self, other, strict=True)))


def funnels_of(lead: Lead, events: Sequence[Event], since: int, until: int) -> dict[SentMail, Funnel]:
    """The funnels of a lead's mails that were sent from `since` until before `until` (milliseconds).

    The lead has to be folded from all of its `events`, because its notes tell of goals. Opens and clicks of bots and
    link scanners do not count.
    """
    sent: dict[tuple[str, str], tuple[SentMail, set[str]]] = {}
    for _, event in with_bot_verdicts(events):
        if event.source != RIPEN:
            continue
        told = event.properties
        if event.name == "Email Sent" and since <= event.at < until:
            campaign = str(told.get("campaign"))
            stages = {"sent"} | ({"goal"} if _reaches_goal(lead.notes, campaign, event.at) else set())
            intent = intent_id(told)
            sent[event.subject, intent] = SentMail(str(told.get("mail")), campaign), stages
        elif (found := sent.get((event.subject, str(told.get("intent"))))) and (
            not event.bot or event.name not in ("Email Opened", "Email Link Clicked")
        ):
            found[1].update(_STAGES.get(event.name, ()))
    return add_up({key: _one(stages)} for key, stages in sent.values())


def add_up(parts: Iterable[Mapping[SentMail, Funnel]]) -> dict[SentMail, Funnel]:
    """The sum of funnels by mail; their order and grouping do not change it."""
    total: dict[SentMail, Funnel] = {}
    for part in parts:
        for key, funnel in part.items():
            total[key] = total.get(key, Funnel()).plus(funnel)
    return total


def _one(stages: set[str]) -> Funnel:
    return Funnel(**{name: int(name in stages) for name in Funnel._fields})


def _reaches_goal(notes: Iterable[CampaignNote], campaign: str, at: int) -> bool:
    """True if the run of a campaign that was under way at `at` ended because its goal was reached."""
    ends = (note.text for note in notes if note.campaign == campaign and not note.step and note.at >= at)
    return next(ends, "") == GOAL
