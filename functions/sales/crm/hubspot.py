"""`POST /v1/crm/hubspot`: webhooks of HubSpot, known by their signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from adapters.runtime.secrets import holds_for_secret
from adapters.runtime.settings import CrmSettings, SalesSettings, settings
from answers.errors import RefusedRequestError
from answers.json_request import request_body
from answers.responses import Answer, json_answer
from ripen.crm.hubspot import SOURCE, SignedRequest, hubspot_results
from ripen.errors import InvalidResultError
from sales.crm.results import Entry, keep
from sales.crm.senders import no_route, refused, source_of


def answer(event: Mapping[str, Any]) -> Answer:
    """Store the results in a webhook. Raises RefusedRequestError: 401 for a wrong or old signature, 400, 404, 413."""
    arn, now = settings(CrmSettings).hubspot_secret_arn, int(event["requestContext"]["timeEpoch"])
    if not arn:
        raise no_route("HubSpotSecretArn")
    body = request_body(event)
    request = _signed(event, body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body)
    if not request.is_fresh(now):
        raise refused("x-hubspot-request-timestamp", "is missing or older than five minutes", "a new request")
    if not holds_for_secret(arn, request.is_signed, now):
        raise refused("x-hubspot-signature-v3", "is missing or wrong", "a signature with the client secret of the app")
    try:
        told = [*hubspot_results(json.loads(request.body), now)]
    except InvalidResultError as error:
        raise RefusedRequestError(400, error.field, error.problem, error.expected) from None
    except (ValueError, RecursionError):
        raise RefusedRequestError(400, "body", "is not JSON", "a JSON object or list in UTF-8") from None
    entries = [Entry(one.result.id if one.result else "", one.result, one.error) for one in told]
    return json_answer(200, {"results": keep(entries, source_of(SOURCE, now), now)})


def _signed(event: Mapping[str, Any], body: bytes) -> SignedRequest:
    context, headers = event["requestContext"], event.get("headers") or {}
    own = settings(SalesSettings).sales_url.rstrip("/") or f"https://{context.get('domainName', '')}"
    query = event.get("rawQueryString") or ""
    return SignedRequest(
        context["http"]["method"],
        f"{own}{event.get('rawPath') or context['http']['path']}{'?' if query else ''}{query}",
        body,
        headers.get("x-hubspot-request-timestamp", ""),
        headers.get("x-hubspot-signature-v3", ""),
    )
