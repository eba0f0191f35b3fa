"""Checks of the edge: its domain, its certificate, who is let in through it and past it, and whose cookies it sets."""

from __future__ import annotations

import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import NamedTuple

import dns.exception
import dns.resolver

from adapters.rules.active import stored
from ripen_cli.deployment import Deployment
from ripen_cli.verify.finding import Finding, failed, judge, untold

_TIMEOUT = 10.0
_SOON = 14 * 24 * 60 * 60
"""Seconds before its end in which a certificate is a fault; ACM renews it 60 days before."""

_GUARDED = "/v1/openapi.json"
"""A document that the tracking function gives to nobody past the edge."""


class Network(NamedTuple):
    """How the checks ask: for the `status` of a URL, the `addresses` of a name, the seconds that a `certificate` lasts.

    They raise OSError or dns.exception.DNSException. Only `status` is asked on a local cloud.
    """

    status: Callable[[str], int]
    addresses: Callable[[str], list[str]]
    certificate: Callable[[str], float]


def edge_checks(deployment: Deployment, network: Network) -> Iterator[Finding]:
    """What is right and wrong about the edge; one row if the deployment has none."""
    domain = deployment.tracking_domain
    if not domain:
        yield untold("edge", "none: Safari keeps the visitor's cookie for 7 days, see track-on-your-domain.md")
        return
    if deployment.local:
        yield untold("edge domain, certificate", "there is neither DNS nor TLS here")
    else:
        yield _domain(deployment, network)
        yield _certificate(domain, network)
    yield _through(deployment, network)
    yield _past(deployment, network)
    yield _site(deployment)


def _domain(deployment: Deployment, network: Network) -> Finding:
    domain, name = deployment.tracking_domain, "edge domain"
    remedy = (
        f"make a CNAME record of {domain} that leads to {deployment.tracking_target}, or deploy with TrackingHostedZone"
    )
    try:
        found = network.addresses(domain)
    except dns.exception.DNSException as error:
        return failed(name, f"{domain}: {type(error).__name__}", "see that the domain's name servers answer")
    return judge(name, bool(found), f"{domain} has {f'the address {found[0]}' if found else 'no address'}", remedy)


def _certificate(domain: str, network: Network) -> Finding:
    name = "edge certificate"
    remedy = (
        f"deploy with a TrackingCertificate for {domain} that ACM has issued in us-east-1, "
        "and keep the CNAME record by which ACM renews it"
    )
    try:
        left = network.certificate(domain)
    except OSError as error:
        return failed(name, f"{domain}: {error}", remedy)
    return judge(name, left > _SOON, f"{domain}: valid for {left / 86_400:.0f} days", remedy)


def _through(deployment: Deployment, network: Network) -> Finding:
    name, url = "through the edge", f"{deployment.public_url}{_GUARDED}"
    try:
        status = network.status(url)
    except OSError as error:
        return failed(
            name, f"{url}: {error}", "wait until CloudFront has deployed the distribution, then look at it there"
        )
    remedy = (
        "CloudFront sends another value than OriginSecret holds: deploy with a new OriginSecretRotation"
        if status == HTTPStatus.FORBIDDEN
        else "see the log of the tracking function"
    )
    return judge(name, status == HTTPStatus.OK, f"{url} answers {status}", remedy)


def _past(deployment: Deployment, network: Network) -> Finding:
    name, url = "past the edge", f"{deployment.track_url}{_GUARDED}"
    try:
        status = network.status(url)
    except OSError as error:
        return failed(name, f"{url}: {error}", "see the log of the tracking function")
    refused = status == HTTPStatus.FORBIDDEN
    told = f"TrackUrl {'refuses requests' if refused else f'answers {status}'}"
    return judge(name, refused, told, "deploy the stack again: the tracking function does not know of its edge")


def _site(deployment: Deployment) -> Finding:
    """Pages of a registered site share their cookies with the edge; without any, every site may send events."""
    site = deployment.tracking_domain.partition(".")[2]
    active = stored(deployment.rules_bucket)
    sources = active.configuration.sources.values() if active else ()
    origins = [origin for source in sources if source.kind == "browser" for origin in source.origins]
    own = not origins or any(origin == "*" or f".{_host(origin)}".endswith(f".{site}") for origin in origins)
    return judge(
        "edge site",
        own,
        f"cookies are set for {site}" if own else f"cookies are set for {site}, and no origin in sources.yaml is of it",
        f"add the origin of your pages of {site} to sources.yaml, or take a TrackingDomain directly below your site",
    )


def _host(origin: str) -> str:
    return origin.partition("://")[2].partition(":")[0]


def status(url: str) -> int:
    """The status that a GET answers. Raises OSError."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def addresses(name: str) -> list[str]:
    """The addresses of a name in DNS; none if it has none. Raises dns.exception.DNSException."""
    try:
        return [str(one) for one in dns.resolver.resolve(name, "A", lifetime=_TIMEOUT)]
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []


def certificate(host: str) -> float:
    """The seconds for which the certificate of a host still lasts. Raises OSError, also for one of another host."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, 443), timeout=_TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        told: Mapping[str, object] = secure.getpeercert() or {}
    return ssl.cert_time_to_seconds(str(told["notAfter"])) - time.time()


NETWORK = Network(status, addresses, certificate)
