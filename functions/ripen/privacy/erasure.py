"""What an erasure has to know of a subject's events before they are gone."""

from __future__ import annotations

from collections.abc import Sequence

from ripen.events.event import Event
from ripen.privacy.consent import WITHDRAWN

SUPPRESSING = {"Unsubscribed": "unsubscribed", "Email Bounced": "bounced", "Email Marked as Spam": "complained"}
"""The events by which an address turns mail down, and what that is called."""


def last_withdrawal(events: Sequence[Event]) -> Event | None:
    """The latest withdrawal among a subject's events: what stays when all else is erased."""
    return max((event for event in events if event.name == WITHDRAWN), key=lambda event: event.at, default=None)


def only_withdrawals(events: Sequence[Event]) -> bool:
    """Whether there is nothing (more) to know about a subject: somebody withdrew, and that is all."""
    return all(event.name == WITHDRAWN for event in events)


def addresses(events: Sequence[Event]) -> set[str]:
    """Every address that was ever given for this subject, as it was written."""
    given = (
        text
        for event in events
        for text in (event.traits.get("email"), event.properties.get("address"), event.properties.get("to"))
    )
    return {address.strip() for address in given if isinstance(address, str)}
