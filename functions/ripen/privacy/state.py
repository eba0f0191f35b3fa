"""The part of a fold's state that the lead decides: consent, mail preferences and rating."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ripen.events.event import RIPEN, Event
from ripen.events.explicit_requests import is_request
from ripen.privacy.consent import OPTED_IN, Consent, decision
from ripen.privacy.preferences import FEEDBACK_GIVEN, PREFERENCES_CHANGED, Preferences, changed_preferences, rating


@dataclass(slots=True, eq=False)
class PrivacyState:
    """The latest decision about consent (None: none yet), the mail preferences, and the latest rating (0 to 10).

    `only_requests` is true while all that the person sent are explicit requests: nothing but their answers may follow.
    """

    consent: Consent | None = None
    preferences: Preferences = field(default_factory=Preferences)
    rating: int | None = None
    only_requests: bool = False

    def tracking_begins(self, event: Event, *, begun: bool) -> bool:
        """True at the first event that is no explicit request; `begun` is false before the first event of a person.

        After requests alone, an event that a source sent with consent or a double opt-in begins the tracking.
        """
        if not begun:
            self.only_requests = is_request(event)
            return not self.only_requests
        if not self.only_requests or event.bot or is_request(event):
            return False
        self.only_requests = event.source == RIPEN and event.name != OPTED_IN
        return not self.only_requests

    def decide(self, event: Event) -> None:
        """Apply a decision about consent."""
        self.consent = decision(event) or self.consent

    def answer(self, event: Event, moment: int) -> bool:
        """Apply an answer from a page that a mail links to. True if the event is one."""
        if event.name == PREFERENCES_CHANGED:
            self.preferences = changed_preferences(self.preferences, event.properties, moment)
        elif event.name == FEEDBACK_GIVEN:
            self.rating = rating(event.properties, self.rating)
        else:
            return False
        return True

    @property
    def may_reach(self) -> bool:
        """True unless the lead withdrew its consent."""
        return self.consent is None or self.consent.given

    def may_market(self, category: str, moment: int) -> bool:
        """True unless the lead paused all mails at `moment` (ms), or turned this category off."""
        return self.preferences.paused_until <= moment and category not in self.preferences.off

    def dump(self) -> dict[str, Any]:
        """The state as JSON values."""
        return {
            "consent": self.consent,
            "preferences": self.preferences.as_json(),
            "rating": self.rating,
            "only_requests": self.only_requests,
        }

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> PrivacyState:
        """The state that `dump` returned."""
        return cls(
            consent=Consent(*values["consent"]) if values["consent"] else None,
            preferences=Preferences.from_json(values["preferences"]),
            rating=values["rating"],
            only_requests=values.get("only_requests", False),
        )
