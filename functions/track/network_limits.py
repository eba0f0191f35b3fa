"""Limits the number of different mail addresses that browsers of one network name per hour.

This prevents one visitor from triggering mails to many strangers. Repeats within the hour do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.runtime.secrets import keys
from adapters.runtime.settings import PagesSettings, settings
from adapters.tracking.network_counters import is_one_too_many
from ripen.errors import InvalidEventError
from ripen.events.event import Received
from ripen.events.networks import address_digest, place_of
from ripen.events.rate_limits import RateLimits
from ripen.events.sources import Source
from ripen.times import SECOND
from track.request import Parsed, sift


class TooManyAddressesError(InvalidEventError):
    """A network named too many addresses; the request may be sent again after `retry_after` seconds."""

    def __init__(self, source: Source, retry_after: int) -> None:
        expected = f"at most {source.addresses_per_network_and_hour} different addresses from one network in an hour"
        super().__init__("traits.email", "is one of too many addresses from this network in this hour", expected)
        self.retry_after = retry_after


def admitted(parsed: Parsed, source: Source, event: Mapping[str, Any], limits: RateLimits) -> Parsed:
    """`parsed`, with events that name an address over the limit moved to `refused`."""
    ip = event["requestContext"]["http"].get("sourceIp")
    if not ip:
        return parsed
    configured = settings(PagesSettings)
    key, now = keys(configured.link_secret_arn)[-1], int(event["requestContext"]["timeEpoch"])
    place = place_of(ip, key, now)
    if place is None:
        return parsed

    counted = True

    def check(received: Received) -> None:
        nonlocal counted
        address = address_of(received)
        if address is None or not counted:
            return
        digest = address_digest(address, place, key)
        too_many = is_one_too_many(configured.table_name, limits.newcomers, source, place, digest)
        counted = too_many is not None  # a table that throttles once is not asked again in this request
        if too_many:
            raise TooManyAddressesError(source, max(1, -((now - place.ends) // SECOND)))

    return sift(parsed, check)


def address_of(received: Received) -> str | None:
    """The mail address that an event gives for its visitor; None if it gives none or is a bot's."""
    address = received.event.traits.get("email") if received.event.name == "Identified" else None
    return address if isinstance(address, str) and not received.event.bot else None
