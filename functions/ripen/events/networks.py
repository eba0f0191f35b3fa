"""Digests of networks that requests come from, and of mail addresses that visitors of a network name.

Without the key, the digests reveal neither. The digest of a network changes each day, that of an address each hour. A
network is a /24 of IPv4 or a /48 of IPv6: about the size that a provider assigns to one customer with many machines.
"""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from ripen.addresses.address import comparable
from ripen.times import DAY, HOUR, to_iso


class Place(NamedTuple):
    """A network in one hour (UTC): its digest, which changes each day, and the start of the hour (ms)."""

    digest: str
    begins: int

    @property
    def ends(self) -> int:
        """The end of the hour (ms)."""
        return self.begins + HOUR


def network_of(ip: str) -> IPv4Network | IPv6Network | None:
    """The network of an IP address, such as 203.0.113.0/24; None if `ip` is invalid."""
    try:
        address = ip_address(ip)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Address(address.packed)  # drops the zone id
    return ip_network((address, 24 if address.version == 4 else 48), strict=False)


def place_of(ip: str, key: bytes, now: int) -> Place | None:
    """The network and hour of a request from `ip` at `now` (ms); None if `ip` is invalid."""
    network = network_of(ip)
    if network is None:
        return None
    return Place(_digest(key, f"{now // DAY} {network.network_address}")[:32], now // HOUR * HOUR)


def address_digest(address: str, place: Place, key: bytes) -> str:
    """The digest of a mail address in a place; it differs between places."""
    return _digest(key, f"{place.digest} {to_iso(place.begins)} {comparable(address)}")[:12]


def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, f"network {text}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
