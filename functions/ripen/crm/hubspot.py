"""Results in HubSpot's webhooks.

There are two kinds: the action `Send a webhook` of a workflow, whose body is an object with chosen properties of the
enrolled record, and the subscriptions of an app, whose body is a list of changes of one property each. A change names
its record by nothing but HubSpot's id: https://developers.hubspot.com/docs/api/webhooks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ripen.crm.fields import record_result
from ripen.crm.results import RESULTS, CrmResult, digest, read_result
from ripen.errors import InvalidFieldError, InvalidResultError
from ripen.times import MINUTE, to_iso

SOURCE = "hubspot"
"""The name of HubSpot as a source."""
RESULT_PROPERTY = "ripen_result"
"""The property of contacts whose changes are results: a result, and perhaps a reason and a day behind colons."""
_CONTACT_CHANGES = ("contact.propertyChange", "object.propertyChange")
_CONTACT_TYPE = "0-1"
"""HubSpot's type of contacts."""
MOST_CHANGES = 100
"""HubSpot sends at most 100 changes in a request."""


FRESH = 5 * MINUTE
"""Milliseconds for which HubSpot's signatures hold, before and after the moment that they name."""
_ESCAPED = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""The escapes that HubSpot undoes in a URI before it signs."""


class SignedRequest(NamedTuple):
    """The parts of a request that HubSpot signs, and the signature; `timestamp` is in milliseconds, as text."""

    method: str
    uri: str
    body: bytes
    timestamp: str
    signature: str

    def is_fresh(self, now: int) -> bool:
        """True if the request is not older than FRESH at `now` (ms)."""
        text = self.timestamp
        return text.isascii() and text.isdecimal() and len(text) <= len(str(now)) and abs(now - int(text)) <= FRESH

    def is_signed(self, secret: bytes) -> bool:
        """True if the signature was made with this client secret.

        Signature v3: https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
        """
        uri = _ESCAPED.sub(lambda found: chr(int(found[0][1:], 16)), self.uri)
        signed = f"{self.method}{uri}".encode() + self.body + self.timestamp.encode()
        expected = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256))
        return hmac.compare_digest(expected, self.signature.encode("utf-8", "surrogatepass"))


class Told(NamedTuple):
    """An entry of a webhook: its result, None if it tells none, or the error for which it is refused."""

    result: CrmResult | None
    error: InvalidFieldError | None = None


def hubspot_results(payload: object, now: int) -> Iterator[Told]:
    """The results in the body of a webhook. Raises InvalidResultError if it has neither of HubSpot's two forms."""
    if isinstance(payload, dict):
        yield _told(payload, now, changed=False)
        return
    if not isinstance(payload, list):
        raise InvalidResultError("body", "is neither an object nor a list", "the body of one of HubSpot's webhooks")
    if len(payload) > MOST_CHANGES:
        raise InvalidResultError("body", f"has {len(payload)} changes", f"at most {MOST_CHANGES}")
    for one in payload:
        yield _told(one, now, changed=True)


def _told(entry: object, now: int, *, changed: bool) -> Told:
    try:
        if not isinstance(entry, dict):
            raise InvalidResultError("entry", "is no JSON object", "an object")
        return Told(_of_change(entry, now) if changed else record_result(entry, SOURCE, now))
    except InvalidFieldError as error:
        return Told(None, error)


def _of_change(change: Mapping[str, Any], now: int) -> CrmResult | None:
    """The result in the change of a contact's result property; None for any other change."""
    of_contact = change.get("subscriptionType") in _CONTACT_CHANGES
    if not of_contact or change.get("objectTypeId", _CONTACT_TYPE) != _CONTACT_TYPE:
        return None
    if change.get("propertyName") != RESULT_PROPERTY or not change.get("propertyValue"):
        return None
    at = change.get("occurredAt")
    if isinstance(at, bool) or not isinstance(at, int):
        raise InvalidResultError("occurredAt", "is no time", "milliseconds since 1970")
    said, *more = str(change["propertyValue"]).split(":")
    if said not in RESULTS:
        raise InvalidResultError(RESULT_PROPERTY, f"{said[:40]!r} is not known", f"one of {', '.join(RESULTS)}")
    record = change.get("objectId")
    told = {
        # An event may come again with another number of attempts; HubSpot does not promise that its id is unique.
        "id": digest(f"{change.get('portalId')} {record} {at} {change['propertyValue']}"),
        "crmId": record,
        "at": to_iso(min(max(at, 0), now)),
        "result": said,
        **dict(zip(("reason", "until"), more, strict=False)),
    }
    return read_result(told, SOURCE, now)
