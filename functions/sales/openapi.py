"""The OpenAPI 3.1 description of the calls of servers, built from the names and limits that the code enforces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from answers.json_request import MAX_BODY_BYTES
from ripen.crm.results import FIELDS, RESULTS
from ripen.events.parsing import MAX_ID_LENGTH
from ripen.sales.decisions import KINDS, LONGEST_NOTE, REASONS
from sales.crm.results import MOST_RESULTS
from sales.decisions import FIELDS as DECISION_FIELDS
from sales.decisions import ID, NAMES, SUBJECT, UNDO
from services.crm_results import IGNORED, STATUSES

_ID = {"type": ["string", "integer"], "maxLength": MAX_ID_LENGTH}
_DAY = {"type": "string", "format": "date"}
_CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "The currency of the value (ISO 4217)"}
_REASON: Mapping[str, Any] = {
    "enum": sorted({reason for reasons in REASONS.values() for reason in reasons}),
    "description": "; ".join(f"{kind}: {', '.join(reasons)}" for kind, reasons in REASONS.items()),
}
_SAID: Mapping[str, Mapping[str, Any]] = {
    "until": {**_DAY, "description": "The day before which the lead is not handed over again; for return alone"},
    "value": {"type": "number", "minimum": 0, "description": "The value of a won deal"},
    "currency": _CURRENCY,
    "note": {"type": "string", "maxLength": LONGEST_NOTE},
}
_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "id": {**_ID, "description": "The id of the result; it is the same whenever it is sent, so it counts once"},
    "lead": {"type": "string", "description": "The id of the lead, as handoffs and webhooks tell it"},
    "userId": {**_ID, "description": "Your id of the person, as in the calls of tracking"},
    "crmId": {**_ID, "description": "The CRM's id of the person: the userId <name of the source>-<crmId>"},
    "email": {"type": "string", "format": "email", "description": "An address that the lead has given"},
    "at": {"type": "string", "format": "date-time", "description": "When it was decided; without it, when it arrives"},
    "result": {"enum": [*RESULTS], "description": "What became of the lead"},
    "reason": {**_REASON, "description": f"{_REASON['description']}. Without one, other"},
    **_SAID,
    "owner": {"type": "string", "description": "The rep whose lead it is, by name or address in people.yaml"},
    "contract_start": {**_DAY, "description": "The first day of the contract"},
    "contract_end": {**_DAY, "description": "The last day of the contract"},
    "handoff": {"type": "string", "description": "The id of the handoff that it answers; usually the last one"},
}
_DECISION: Mapping[str, Mapping[str, Any]] = {
    "id": {
        "type": "string",
        "pattern": f"^{ID}$",
        "description": "The id of the decision; it is the same whenever it is sent, so it counts once",
    },
    "decision": {"enum": [*KINDS, UNDO]},
    "of": {"type": "string", "description": f"The id of the decision to undo; for {UNDO} alone"},
    "reason": {**_REASON, "description": f"{_REASON['description']}. It is required for these"},
    **_SAID,
    "expected": {
        "type": "string",
        "description": "The id of the decision in force that you have seen, empty for none; without it, decide anyway",
    },
    "lead": {"type": "string", "pattern": f"^{SUBJECT}$", "description": "The id of the lead, as webhooks tell it"},
    "userId": {"type": "string", "description": "Your id of the person, as in the calls of tracking"},
    "email": {"type": "string", "format": "email", "description": "An address that the lead has given"},
    "writeKey": {"type": "string", "description": "The key of the server, if it is not in Basic authorization"},
}
_ANSWERS = {
    "200": "What became of each result, in their order; at least one is valid",
    "400": "The body is no list of results, or none of them is valid",
    "401": "The write key is missing or not registered",
    "403": "The write key is that of a website",
    "413": f"More than {MOST_RESULTS} results or {MAX_BODY_BYTES} bytes",
    "429": "Busy, or over the limit of the source: send the same request again after retry-after seconds",
}
_DECISION_ANSWERS = {
    "200": "Stored, or known already",
    "400": "A field is missing, not known or not valid",
    "401": _ANSWERS["401"],
    "403": _ANSWERS["403"],
    "404": "The lead is not known",
    "409": "Another decision is in force: inForce tells it",
    "410": "The lead was erased, or has withdrawn its consent",
    "413": f"More than {MAX_BODY_BYTES} bytes",
    "429": _ANSWERS["429"],
}
_TEXT = {"type": "string"}
_ERROR: Mapping[str, Any] = {"type": "object", "properties": dict.fromkeys(("field", "problem", "expected"), _TEXT)}
_SUCCESS: Mapping[str, Any] = {"success": {"type": "boolean"}}


def openapi() -> dict[str, Any]:
    """The description, as JSON values."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Decisions of sales, and results from a CRM", "version": "1"},
        "servers": [{"url": "https://{SalesUrl}/v1", "variables": {"SalesUrl": {"default": "sales.example.com"}}}],
        "paths": {"/crm/results": {"post": _results()}, "/decisions": {"post": _decisions()}},
        "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
    }


def _results() -> dict[str, Any]:
    told = {
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": _TEXT,
            "status": {"enum": [status for status in STATUSES if status != IGNORED]},
            "lead": {"type": "string", "description": "The id of the lead"},
            "errors": {"type": "array", "items": _ERROR, "description": "The parts that are not stored"},
        },
    }
    result = {
        "type": "object",
        "required": ["id"],
        "additionalProperties": False,
        "anyOf": [{"required": [name]} for name in ("lead", "userId", "crmId", "email")],
        "properties": {name: dict(_FIELDS[name]) for name in FIELDS},
    }
    results = {"type": "array", "minItems": 1, "maxItems": MOST_RESULTS, "items": result}
    body = {"type": "object", "required": ["results"], "properties": {"results": results}}
    answer = {"type": "object", "properties": {**_SUCCESS, "results": {"type": "array", "items": told}}}
    return _post("Tell what became of leads", body, _ANSWERS, dict.fromkeys(("200", "400"), answer))


def _decisions() -> dict[str, Any]:
    body = {
        "type": "object",
        "required": ["id", "decision"],
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in NAMES],
        "properties": {name: dict(_DECISION[name]) for name in DECISION_FIELDS},
        "if": {"properties": {"decision": {"const": UNDO}}},
        "then": {"required": ["of"]},
        "else": {"properties": {"of": False}},
    }
    stored = {"type": "object", "properties": {**_SUCCESS, "decision": _TEXT, "fresh": {"type": "boolean"}}}
    refused: dict[str, Any] = {
        "type": "object",
        "properties": {**_SUCCESS, "errors": {"type": "array", "items": _ERROR}},
    }
    parts = dict.fromkeys(("id", "decision", "at", "by", "reason"), _TEXT)
    standing = {"type": ["object", "null"], "properties": parts}
    conflict = {**refused, "properties": {**refused["properties"], "inForce": standing}}
    answers = dict.fromkeys(_DECISION_ANSWERS, refused) | {"200": stored, "409": conflict}
    return _post("Tell a decision about a lead, or undo one", body, _DECISION_ANSWERS, answers)


def _post(
    summary: str, body: Mapping[str, Any], texts: Mapping[str, str], answers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "summary": summary,
        "security": [{"basic": []}],
        "requestBody": {"required": True, "content": _json(body)},
        "responses": {
            status: {"description": text} | ({"content": _json(answers[status])} if status in answers else {})
            for status, text in texts.items()
        },
    }


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
