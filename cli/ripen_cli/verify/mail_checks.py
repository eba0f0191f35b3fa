"""Checks of the account's SES: the sender's identity and domain, the sandbox, quotas, and suppression."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dns.exception
import dns.resolver
from botocore.exceptions import ClientError

from adapters.runtime.clients import client, error_code
from ripen_cli.verify.finding import Finding, failed, judge, ok, untold

_NEARLY = 0.9
"""The share of the daily quota from which the check fails."""

_REASONS = {"BOUNCE", "COMPLAINT"}
_DNS_TIMEOUT = 5.0

Lookup = Callable[[str], list[str]]
"""Returns the TXT records of a name; none if the name has none. Raises dns.exception.DNSException."""


def txt_records(name: str) -> list[str]:
    """The TXT records of a name, each joined from its parts."""
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=_DNS_TIMEOUT)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def account_checks() -> Iterator[Finding]:
    """Sandbox, state and quota of SES in this account and region."""
    account = client("sesv2").get_account()
    yield judge(
        "SES sandbox",
        account.get("ProductionAccessEnabled", False),
        "the account is out of the sandbox" if account.get("ProductionAccessEnabled") else "the account is in it",
        "ask AWS for production access: SES console, Account dashboard, Request production access. "
        "Until then mail reaches verified addresses only.",
    )
    status = account.get("EnforcementStatus", "unknown")
    sends = account.get("SendingEnabled", False) and status == "HEALTHY"
    yield judge(
        "SES sending",
        sends,
        f"sending is {'on' if account.get('SendingEnabled') else 'paused'}, the account is {status}",
        "read the notice in the SES console under Account dashboard, mend its cause, and answer it",
    )
    yield _quota(account["SendQuota"])


def _quota(quota: Mapping[str, float]) -> Finding:
    most, sent, rate = quota["Max24HourSend"], quota["SentLast24Hours"], quota["MaxSendRate"]
    unlimited = most < 0
    left = unlimited or sent < _NEARLY * most
    found = f"{sent:.0f} of {'any number' if unlimited else f'{most:.0f}'} mails in 24 hours, {rate:g} a second"
    return judge("SES quota", left, found, "ask AWS for a higher sending quota: Service Quotas, Amazon SES")


def identity_checks(sender: str, lookup: Lookup | None) -> Iterator[Finding]:
    """The identity of the sender, and DKIM, SPF and DMARC of its domain; without `lookup` there is no DNS."""
    domain = sender.rpartition("@")[2]
    own, of_domain = _identity(sender), _identity(domain)
    verified = [name for name, one in ((domain, of_domain), (sender, own)) if one.get("VerifiedForSendingStatus")]
    yield judge(
        "sender",
        bool(verified),
        f"{sender} is verified by {verified[0]}" if verified else f"{sender} is not verified",
        f"verify the domain {domain} in SES, in the region of the stack, and wait until its DNS records are found",
    )
    if lookup is None:
        yield untold("DKIM, SPF, DMARC", "there is no DNS here")
        return
    dkim = (of_domain or own).get("DkimAttributes", {}).get("Status", "NOT_STARTED")
    yield judge(
        "DKIM",
        dkim == "SUCCESS",
        f"{domain}: {dkim}",
        "publish the three CNAME records that the SES console shows for the domain, under Authentication",
    )
    yield _spf(domain, (of_domain or own).get("MailFromAttributes", {}), lookup)
    yield _dmarc(domain, lookup)


def _identity(name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = client("sesv2").get_email_identity(EmailIdentity=name)
    except ClientError as error:
        if error_code(error) != "NotFoundException":
            raise
        return {}
    return found


def _spf(domain: str, mail_from: Mapping[str, str], lookup: Lookup) -> Finding:
    """SPF counts for the MAIL FROM domain; with that of SES it passes, and does not align with the sender."""
    own = mail_from.get("MailFromDomain", "")
    if not own:
        return failed(
            "SPF",
            "mails leave with the MAIL FROM domain of SES, so SPF does not align with the sender",
            f"set a custom MAIL FROM domain such as mail.{domain} in SES, and publish its MX and TXT records",
        )
    try:
        found = [text for text in lookup(own) if text.lower().startswith("v=spf1")]
    except dns.exception.DNSException as error:
        return failed("SPF", f"{own}: {type(error).__name__}", "see that the domain's name servers answer")
    good = mail_from.get("MailFromDomainStatus") == "SUCCESS" and any("include:amazonses.com" in one for one in found)
    told = f"{own}: {found[0] if found else 'no SPF record'} ({mail_from.get('MailFromDomainStatus', 'PENDING')})"
    return judge("SPF", good, told, 'publish the MX record that SES shows, and TXT "v=spf1 include:amazonses.com ~all"')


def _dmarc(domain: str, lookup: Lookup) -> Finding:
    """The DMARC policy of the domain, or of the domain above it, as mailbox providers look for it."""
    parts = domain.split(".")
    names = [".".join(parts[start:]) for start in range(len(parts) - 1)]
    try:
        found = next((text for name in names for text in lookup(f"_dmarc.{name}") if _is_dmarc(text)), "")
    except dns.exception.DNSException as error:
        return failed("DMARC", f"{domain}: {type(error).__name__}", "see that the domain's name servers answer")
    record = f'"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
    remedy = f"publish TXT {record} at _dmarc.{domain}; large mailbox providers ask for it"
    return judge("DMARC", bool(found), f"{domain}: {found or 'no record'}", remedy)


def _is_dmarc(text: str) -> bool:
    return text.replace(" ", "").lower().startswith("v=dmarc1")


def configuration_set_checks(name: str, *, local: bool) -> Iterator[Finding]:
    """Suppression and reports of the stack's configuration set."""
    destinations = client("sesv2").get_configuration_set_event_destinations(ConfigurationSetName=name)
    enabled = [one for one in destinations["EventDestinations"] if one.get("Enabled")]
    yield judge(
        "reports of SES",
        bool(enabled),
        f"{len(enabled)} event destination{'' if len(enabled) == 1 else 's'} on" if enabled else "all are off",
        "deploy the stack again: its configuration set has lost its event destination",
    )
    if local:
        yield untold("suppression list", "the local SES tells nothing about it")
        return
    own = client("sesv2").get_configuration_set(ConfigurationSetName=name).get("SuppressionOptions", {})
    reasons = own.get("SuppressedReasons")
    if reasons is None:
        reasons = client("sesv2").get_account().get("SuppressionAttributes", {}).get("SuppressedReasons", [])
    missing = sorted(_REASONS - {*reasons})
    yield (
        failed(
            "suppression list",
            f"SES does not keep addresses after {' and '.join(missing).lower()}",
            "turn both on: SES console, Suppression list, Account-level settings",
        )
        if missing
        else ok("suppression list", "SES keeps addresses after bounces and complaints")
    )
