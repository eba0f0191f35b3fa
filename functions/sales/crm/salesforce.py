"""`POST /v1/crm/salesforce`: outbound messages of Salesforce, known by the key in their address."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from adapters.runtime.secrets import holds_for_secret
from adapters.runtime.settings import CrmSettings, settings
from answers.json_request import request_body
from answers.responses import Answer
from ripen.crm.salesforce import SOURCE, Notification, salesforce_result
from ripen.errors import InvalidFieldError
from sales.crm.results import Entry, keep
from sales.crm.senders import no_route, refused, source_of
from sales.crm.soap import ACKNOWLEDGED, read_message

_HEADERS = {"content-type": "text/xml; charset=utf-8", "cache-control": "no-store"}


def answer(event: Mapping[str, Any]) -> Answer:
    """Store the results in an outbound message, and acknowledge it.

    Raises RefusedRequestError: 401 for a wrong key or another organisation, 400, 404, 413. Salesforce repeats a message
    until it is acknowledged, so one with entries that nobody can use is acknowledged as well.
    """
    configured, now = settings(CrmSettings), int(event["requestContext"]["timeEpoch"])
    if not configured.salesforce_secret_arn:
        raise no_route("SalesforceSecretArn")
    key = str((event.get("queryStringParameters") or {}).get("key", "")).encode("utf-8", "surrogatepass")
    if not holds_for_secret(configured.salesforce_secret_arn, lambda value: hmac.compare_digest(value, key), now):
        raise refused("key", "is missing or wrong", "the key of the secret, as ?key=... in the endpoint URL")
    body = request_body(event)
    message = read_message(body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body)
    if configured.salesforce_organization_id and not message.is_from(configured.salesforce_organization_id):
        raise refused("OrganizationId", "is another organisation", "the one in SalesforceOrganizationId")
    keep([_entry(one, now) for one in message.notifications], source_of(SOURCE, now), now)
    return {"statusCode": 200, "headers": _HEADERS, "body": ACKNOWLEDGED}


def _entry(notification: Notification, now: int) -> Entry:
    try:
        return Entry(notification.id, salesforce_result(notification, now))
    except InvalidFieldError as error:
        return Entry(notification.id, None, error)
