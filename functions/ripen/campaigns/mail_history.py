"""The part of a fold's state that mails change: how many a lead got, when, and with which content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ripen.campaigns.campaign import CampaignRule
from ripen.campaigns.frequency_caps import KEPT, NO_CAPS, FrequencyCaps, within_caps
from ripen.events.event import Event
from ripen.events.own_pages import opens_own_page

SENT, OPENED, CLICKED = "Email Sent", "Email Opened", "Email Link Clicked"


@dataclass(slots=True, eq=False)
class MailHistory:
    """The mails of a lead.

    `counted` are the numbers of mails sent, opened and clicked. `sent` holds the moments of the marketing mails of the
    last KEPT milliseconds, `sent_ever` their total number; both by category, with the key "" for all mails. `assets`
    are the names of the content in mails.
    """

    counted: dict[str, int] = field(default_factory=lambda: dict.fromkeys((SENT, OPENED, CLICKED), 0))
    sent: dict[str, list[int]] = field(default_factory=dict)
    sent_ever: dict[str, int] = field(default_factory=dict)
    assets: set[str] = field(default_factory=set)

    def count(self, event: Event) -> None:
        """Count a mail that was sent, opened or clicked by a person; links to Ripen's own pages do not count."""
        if event.name in self.counted and not event.bot and not opens_own_page(event):
            self.counted[event.name] += 1

    def add(self, properties: Mapping[str, Any], moment: int) -> None:
        """Note a mail that was sent, or whose outcome is unknown."""
        if content := properties.get("content"):
            self.assets.add(str(content))
        if properties.get("transactional") is True:
            return
        category = str(properties.get("category") or "")
        for counted in {"", category}:
            self.sent[counted] = [*(at for at in self.sent.get(counted, ()) if moment - at < KEPT), moment]
            self.sent_ever[counted] = self.sent_ever.get(counted, 0) + 1

    def within_caps(self, rule: CampaignRule, moment: int, wished: FrequencyCaps = NO_CAPS) -> int | None:
        """The earliest moment (ms) from `moment` on at which caps allow a mail of the campaign; None: never.

        `wished` are the caps that the lead chose.
        """
        moment = within_caps(moment, self.sent.get("", ()), 0, wished) or moment
        allowed = within_caps(moment, self.sent.get("", ()), self.sent_ever.get("", 0), rule.limits)
        if allowed is None or not rule.category:
            return allowed
        own = self.sent.get(rule.category, ())
        return within_caps(allowed, own, self.sent_ever.get(rule.category, 0), rule.category_limits)

    def dump(self) -> dict[str, Any]:
        """The state as JSON values."""
        return {
            "mails": self.counted,
            "sent": self.sent,
            "sent_ever": self.sent_ever,
            "assets": sorted(self.assets),
        }

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> MailHistory:
        """The state that `dump` returned."""
        sent = {category: list(moments) for category, moments in values["sent"].items()}
        return cls(dict(values["mails"]), sent, dict(values["sent_ever"]), set(values["assets"]))
