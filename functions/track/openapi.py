"""The OpenAPI 3.1 description of the tracking API, built from the names and limits that the code enforces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from answers.json_request import MAX_BODY_BYTES, MAX_KEY_LENGTH
from ripen.events.event import MAX_EVENT_BYTES, MAX_REQUEST_BYTES, OWN_MARK
from ripen.events.parsing import CALLS, MAX_ID_LENGTH, MAX_NAME_LENGTH
from track.request import BATCHES, IMPORT, MAX_BATCH

_ID = {"type": ["string", "null"], "maxLength": MAX_ID_LENGTH}
_OBJECT = {"type": ["object", "null"]}
_TIME = {"type": ["string", "null"], "format": "date-time"}
_COMMON = {
    "writeKey": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_KEY_LENGTH,
        "description": "The write key of the source",
    },
    "anonymousId": {**_ID, "description": "The id of the visitor; anonymousId or userId is required"},
    "userId": {**_ID, "description": "Your id of an identified person"},
    "messageId": {
        **_ID,
        "pattern": f"^([^{OWN_MARK}]|$)",
        "description": "The id of the event; it is the same on every retry, so the event counts once",
    },
    "timestamp": {**_TIME, "description": "The time of the event, by the sender's clock"},
    "originalTimestamp": _TIME,
    "sentAt": {
        **_TIME,
        "description": "The time of the request, by the sender's clock; a wrong clock is corrected with it",
    },
    "context": {
        **_OBJECT,
        "description": "Stored keys: page, campaign, firstTouch, referrer, locale, timezone, token and form. The "
        "consent state is read from consent.categoryPreferences, consent.analytics_storage or gcs. A track call with "
        "form: true gives the fields of a form in traits; with request.purpose too, it is stored without consent, and "
        "the page is not",
    },
}
_OWN: dict[str, dict[str, Any]] = {
    "track": {"event": {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH}, "properties": _OBJECT},
    "page": {"name": {"type": ["string", "null"]}, "properties": _OBJECT},
    "screen": {"name": {"type": ["string", "null"]}, "properties": _OBJECT},
    "identify": {"traits": _OBJECT},
    "group": {"groupId": {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH}, "traits": _OBJECT},
    "alias": {"previousId": {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH}},
}
_NEEDED = {"track": ["event"], "group": ["groupId"], "alias": ["previousId", "userId"]}
_IMPORTS = (
    "History from another system, with the key of a server: each event needs its timestamp, counts for the lead and "
    "starts nothing"
)
_ANSWERS = {
    "200": "Stored. For a batch, the answer lists the rejected events and counts those not stored for lack of consent",
    "400": "Rejected. The answer names the field, the problem and the expected value",
    "401": "The write key is missing or not registered",
    "403": (
        "The origin of the page may not use this write key, an import came with the key of a website, or the request "
        "did not come through the domain of the deployment"
    ),
    "405": "This path does not support the method",
    "413": "The request is too large",
    "429": "Too many requests. Send the same request again after the seconds in Retry-After",
}


def openapi(server: str) -> dict[str, Any]:
    """The OpenAPI document for an API below `server`, e.g. `https://example.com/v1`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ripen tracking",
            "version": "1",
            "description": (
                f"An event may have at most {MAX_EVENT_BYTES} bytes, and a request at most {MAX_BODY_BYTES} bytes. One "
                f"request stores at most {MAX_REQUEST_BYTES} bytes of events, including the context that they share. "
                "Further events are rejected; send them again in another request."
            ),
        },
        "servers": [{"url": server}],
        "security": [{"writeKey": []}, {}],
        "paths": {
            **{f"/{call}": {"post": _operation(call, _call_schema(call))} for call in CALLS},
            **{f"/{name}": {"post": _operation(name, _batch_schema())} for name in BATCHES if name != IMPORT},
            f"/{IMPORT}": {"post": {"summary": _IMPORTS, **_operation(IMPORT, _batch_schema())}},
            **{f"/{name}": _page(name) for name in PAGES},
            "/offers": {"get": _OFFERS},
        },
        "components": {
            "securitySchemes": {
                "writeKey": {"type": "http", "scheme": "basic", "description": "The write key as user, no password"}
            },
            "schemas": {"Answer": _ANSWER_SCHEMA, "Offers": _OFFERS_SCHEMA},
        },
    }


def _operation(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": _answers("Answer", *_ANSWERS),
    }


def _call_schema(call: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**_COMMON, **_OWN[call]},
        "required": _NEEDED.get(call, []),
        "anyOf": [{"required": ["anonymousId"]}, {"required": ["userId"]}],
    }


def _batch_schema() -> dict[str, Any]:
    item = {"type": "object", "properties": {"type": {"enum": list(CALLS)}, **_COMMON}, "required": ["type"]}
    shared = {key: _COMMON[key] for key in ("writeKey", "sentAt", "context")}
    batch = {"type": "array", "minItems": 1, "maxItems": MAX_BATCH, "items": item}
    return {"type": "object", "properties": {**shared, "batch": batch}, "required": ["batch"]}


PAGES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "unsubscribe": ("Unsubscribe from marketing mails; one-click unsubscription (RFC 8058) is supported", {}),
    "preferences": (
        "Choose topics, pause and language",
        {
            "topic": {"type": "array", "items": {"type": "string"}},
            "pause": {"enum": ["0", "14", "30", "90", "keep"]},
            "language": {"type": "string"},
            "action": {"enum": ["save", "everything"]},
        },
    ),
    "confirm": ("Confirm a subscription (double opt-in)", {"version": {"type": "string"}}),
    "feedback": (
        "Send a rating from 0 to 10",
        {"score": {"type": "string"}, "reason": {"type": "string"}, "comment": {"type": "string"}},
    ),
    "approve": (
        "Say yes to a version of the rules that waits",
        {"read": {"type": "string"}, "why": {"type": "string"}},
    ),
}
"""Pages that mails link to: summary and form fields of each."""

_PAGE_ANSWERS = {
    "200": "The page, or the result of the form",
    "400": "The link or the form is incomplete",
    "404": "The survey does not exist",
    "405": "This path does not support the method",
    "409": "The consent text has changed",
    "410": "The link does not count any more",
    "413": "The request is too large",
    "415": "The content type is not supported; send the form as a browser does",
    "503": "The service is busy; nothing was saved",
}


def _page(name: str) -> dict[str, Any]:
    """The GET and POST operations of a page. They need no write key: the link's token authorizes."""
    title, fields = PAGES[name]
    content = {"text/html": {"schema": {"type": "string"}}}
    answers = {status: {"description": text, "content": content} for status, text in _PAGE_ANSWERS.items()}
    queries = {"t": "The token in the link of the mail", "lang": "The language of the page, de or en"}
    queries |= (
        {"survey": "The name of the survey", "s": "The rating of the link that was clicked"}
        if name == "feedback"
        else {}
    )
    parameters = [
        {"name": key, "in": "query", "required": key == "t", "description": text, "schema": {"type": "string"}}
        for key, text in queries.items()
    ]
    form = {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": fields}}}
    shared = {"summary": title, "security": [], "parameters": parameters, "responses": answers}
    return {
        "get": {"operationId": f"show-{name}", **shared},
        "post": {"operationId": f"send-{name}", "requestBody": {"content": form}, **shared},
    }


_ERROR_SCHEMA = {
    "type": "object",
    "required": ["field", "problem", "expected"],
    "properties": {
        "index": {"type": "integer", "description": "Index of the event in the batch, from 0"},
        "field": {"type": "string"},
        "problem": {"type": "string"},
        "expected": {"type": "string"},
    },
}
_ANSWER_SCHEMA = {
    "type": "object",
    "required": ["success"],
    "properties": {
        "success": {"type": "boolean"},
        "accepted": {"type": "integer", "description": "Number of events that were stored"},
        "withoutConsent": {
            "type": "integer",
            "description": "Number of events that were not stored for lack of consent",
        },
        "errors": {"type": "array", "items": _ERROR_SCHEMA},
        "message": {"type": "string"},
    },
}
_OFFER_SCHEMA = {
    "type": "object",
    "required": ["name", "placement", "title", "text", "button", "link", "dismissDays"],
    "properties": {
        "name": {"type": "string"},
        "placement": {"enum": ["overlay", "popup", "slot"]},
        "slot": {"type": ["string", "null"], "description": "The element of the page, for the placement slot"},
        "language": {"type": "string", "description": "The language of the texts"},
        **{part: {"type": "string"} for part in ("title", "text", "button", "link", "image")},
        "dismissDays": {
            "type": "number",
            "description": "Days for which the offer stays hidden after a visitor closes it",
        },
    },
}
_OFFERS_SCHEMA = {
    "type": "object",
    "required": ["offers"],
    "properties": {"offers": {"type": "array", "items": _OFFER_SCHEMA}},
}


def _answers(schema: str, *statuses: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {status: {"description": _ANSWERS[status], "content": content} for status in statuses}


_ASKED = {
    "writeKey": ("The write key of the source", MAX_KEY_LENGTH),
    "anonymousId": (
        "The id of the visitor, sent only with consent; without it, the answer has the offers for everybody",
        MAX_ID_LENGTH,
    ),
    "language": ("The language of the page, such as de or de-AT", 35),
    "path": ("The path of the page; offers that link to it are left out", 2_000),
}
_OFFERS: dict[str, Any] = {
    "operationId": "offers",
    "summary": "Get the offers for this visitor",
    "security": [],
    "parameters": [
        {
            "name": name,
            "in": "query",
            "required": name == "writeKey",
            "description": text,
            "schema": {"type": "string", "maxLength": length},
        }
        for name, (text, length) in _ASKED.items()
    ],
    "responses": {
        "200": {
            "description": "The offers; the page shows one at a time",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Offers"}}},
        },
        "304": {"description": "The offers in the cache of the browser are current"},
        **_answers("Answer", "400", "401", "403", "429"),
    },
}
