"""Webhooks: a signed POST to a URL from the rules, which may lead to any host on the internet.

Signatures follow https://www.standardwebhooks.com, so receivers can verify them with existing libraries. The host name
is resolved first, and only public addresses are connected to. So a webhook cannot reach the function's own network.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Timer
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from standardwebhooks import Webhook

from ripen.errors import DeliveryDelayedError, DeliveryFailedError
from ripen.times import SECOND, to_iso

_CONNECT, _READ = 3.0, 10.0
"""Timeouts in seconds."""

_LATER = (408, 429)
_UNICAST = ip_network("2000::/3")
"""Global unicast IPv6 addresses. NAT64 (64:ff9b::/96, 64:ff9b:1::/48) and IPv4-compatible addresses lie outside."""

_SPECIAL = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
            *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            # Protocols and Teredo, documentation, 6to4, documentation.
            *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        ),
    )
)
"""Special-purpose networks of IANA, and networks that lead to IPv4 addresses by translation or through a tunnel.

https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry.
Python's `is_global` follows these registries, but patch releases of one Python version follow different editions.
"""


class Signed(NamedTuple):
    """The body and the headers of a signed webhook."""

    body: bytes
    headers: Mapping[str, str]


def key_for(secret: bytes, recipient: str) -> str:
    """The key with which a recipient verifies webhooks; each recipient has its own."""
    digest = hmac.new(secret, f"ripen webhook {recipient}".encode(), hashlib.sha256).digest()
    return f"whsec_{base64.b64encode(digest).decode()}"


def signed(key: str, identity: str, channel: str, told: Mapping[str, Any], now: int) -> Signed:
    """A signed message about a lead. Receivers recognize a repeated message by its `identity`."""
    text = json.dumps({"type": f"lead.{channel}", "timestamp": to_iso(now), "data": told}, ensure_ascii=False)
    at = datetime.fromtimestamp(now // SECOND, UTC)
    headers = {
        "content-type": "application/json",
        "user-agent": "Ripen",
        "webhook-id": identity,
        "webhook-timestamp": str(now // SECOND),
        "webhook-signature": Webhook(key).sign(identity, at, text),
    }
    return Signed(text.encode(), headers)


def post(url: str, message: Signed, *, to_itself: bool = False) -> None:
    """POST a message, without following redirects or reading the response body.

    With `to_itself` a URL may name this machine, also without TLS. Raises DeliveryDelayedError if a retry may succeed,
    and DeliveryFailedError if it cannot.
    """
    parts = _checked(url, to_itself=to_itself)
    status = _status(parts, message, to_itself=to_itself)
    if 200 <= status < 300:
        return
    if status >= 500 or status in _LATER:
        raise DeliveryDelayedError(f"the receiver answered with status {status}")
    raise DeliveryFailedError(f"the receiver answered with status {status}")


def _checked(url: str, *, to_itself: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise DeliveryFailedError("the URL is not valid") from None
    if parts.scheme != "https" and not (to_itself and parts.scheme == "http" and _names_itself(parts.hostname or "")):
        raise DeliveryFailedError("the URL does not begin with https")
    if not parts.hostname or parts.username is not None or port == 0:
        raise DeliveryFailedError("the URL has no host or no valid port, or it contains a user name")
    return parts


def _status(parts: SplitResult, message: Signed, *, to_itself: bool) -> int:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = HTTPConnection(host, port)
    try:
        connection.sock = _connected(host, port, tls=parts.scheme == "https", to_itself=to_itself)
        # The socket's timeout applies to each read, so a response byte by byte would never reach it.
        timer = Timer(_READ, _hang_up, [connection.sock])
        timer.daemon = True
        timer.start()
        try:
            path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request("POST", path, message.body, dict(message.headers))
            return connection.getresponse().status
        finally:
            timer.cancel()
    except ssl.SSLCertVerificationError:
        raise DeliveryFailedError("the TLS certificate of the receiver is not valid") from None
    except (OSError, HTTPException) as error:
        raise DeliveryDelayedError(f"the receiver cannot be reached: {type(error).__name__}") from None
    except ValueError as error:
        raise DeliveryFailedError(f"the URL cannot be used: {type(error).__name__}") from None
    finally:
        connection.close()


def _connected(host: str, port: int, *, tls: bool, to_itself: bool) -> socket.socket:
    """A connection to a checked address of the host. A second DNS lookup could give an address that was not checked."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    itself = to_itself and _names_itself(host)
    if not all(_is_public(address) or (itself and ip_address(address).is_loopback) for address in addresses):
        raise DeliveryFailedError("the address of the receiver is not public")
    plain = socket.create_connection((addresses[0], port), _CONNECT)
    plain.settimeout(_READ)
    if not tls:
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _is_public(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None and address not in _UNICAST:
            return False
        address = address.ipv4_mapped or address
    return address.is_global and not any(address in network for network in _SPECIAL)


def _names_itself(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # already closed
