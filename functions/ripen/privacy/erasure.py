"""Facts that an erasure reads from a subject's events before it deletes them."""

from __future__ import annotations

from collections.abc import Sequence

from ripen.events.event import Event
from ripen.privacy.consent import DECISIONS, WITHDRAWN

SUPPRESSING = {"Unsubscribed": "unsubscribed", "Email Bounced": "bounced", "Email Marked as Spam": "complained"}
"""The events that suppress an address, with the reason of the suppression."""


def last_withdrawal(events: Sequence[Event]) -> Event | None:
    """The latest withdrawal of consent, the only event that an erasure keeps; None if there is none."""
    return max((event for event in events if event.name == WITHDRAWN), key=lambda event: event.at, default=None)


def has_withdrawn(events: Sequence[Event]) -> bool:
    """True if a withdrawal is the latest decision about consent: the lead was erased, or is left alone."""
    said = [event for event in events if event.name in DECISIONS]
    return bool(said) and max(said, key=lambda event: event.at).name == WITHDRAWN


def only_withdrawals(events: Sequence[Event]) -> bool:
    """True if there are no events but withdrawals of consent."""
    return all(event.name == WITHDRAWN for event in events)


def addresses(events: Sequence[Event]) -> set[str]:
    """Every mail address in the subject's events, as written, without surrounding spaces."""
    given = (
        text
        for event in events
        for text in (event.traits.get("email"), event.properties.get("address"), event.properties.get("to"))
    )
    return {address.strip() for address in given if isinstance(address, str)}
