"""The OpenAPI 3.1 description of `POST /v1/crm/results`, built from the names and limits that the code enforces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from answers.json_request import MAX_BODY_BYTES
from ripen.crm.results import FIELDS, RESULTS
from ripen.events.parsing import MAX_ID_LENGTH
from ripen.sales.decisions import LONGEST_NOTE, REASONS
from sales.crm.results import MOST_RESULTS
from services.crm_results import IGNORED, STATUSES

_ID = {"type": ["string", "integer"], "maxLength": MAX_ID_LENGTH}
_DAY = {"type": "string", "format": "date"}
_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "id": {**_ID, "description": "The id of the result; it is the same whenever it is sent, so it counts once"},
    "lead": {"type": "string", "description": "The id of the lead, as handoffs and webhooks tell it"},
    "userId": {**_ID, "description": "Your id of the person, as in the calls of tracking"},
    "crmId": {**_ID, "description": "The CRM's id of the person: the userId <name of the source>-<crmId>"},
    "email": {"type": "string", "format": "email", "description": "An address that the lead has given"},
    "at": {"type": "string", "format": "date-time", "description": "When it was decided; without it, when it arrives"},
    "result": {"enum": [*RESULTS], "description": "What became of the lead"},
    "reason": {
        "enum": sorted({reason for reasons in REASONS.values() for reason in reasons}),
        "description": "; ".join(f"{kind}: {', '.join(reasons)}" for kind, reasons in REASONS.items())
        + ". Without one, other",
    },
    "until": {**_DAY, "description": "The day before which the lead is not handed over again; for return alone"},
    "value": {"type": "number", "minimum": 0, "description": "The value of a won deal"},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "The currency of the value (ISO 4217)"},
    "note": {"type": "string", "maxLength": LONGEST_NOTE},
    "owner": {"type": "string", "description": "The rep whose lead it is, by name or address in people.yaml"},
    "contract_start": {**_DAY, "description": "The first day of the contract"},
    "contract_end": {**_DAY, "description": "The last day of the contract"},
    "handoff": {"type": "string", "description": "The id of the handoff that it answers; usually the last one"},
}
_ANSWERS = {
    "200": "What became of each result, in their order; at least one is valid",
    "400": "The body is no list of results, or none of them is valid",
    "401": "The write key is missing or not registered",
    "403": "The write key is that of a website",
    "413": f"More than {MOST_RESULTS} results or {MAX_BODY_BYTES} bytes",
    "429": "Busy, or over the limit of the source: send the same request again after retry-after seconds",
}


def openapi() -> dict[str, Any]:
    """The description, as JSON values."""
    error = {"type": "object", "properties": {name: {"type": "string"} for name in ("field", "problem", "expected")}}
    entry = {
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": {"type": "string"},
            "status": {"enum": [status for status in STATUSES if status != IGNORED]},
            "lead": {"type": "string", "description": "The id of the lead"},
            "errors": {"type": "array", "items": error, "description": "The parts that are not stored"},
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
    told = {
        "type": "object",
        "properties": {"success": {"type": "boolean"}, "results": {"type": "array", "items": entry}},
    }
    answers = {
        status: {"description": text} | ({"content": _json(told)} if status in ("200", "400") else {})
        for status, text in _ANSWERS.items()
    }
    post = {
        "summary": "Tell what became of leads",
        "security": [{"basic": []}],
        "requestBody": {"required": True, "content": _json(body)},
        "responses": answers,
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Results from a CRM", "version": "1"},
        "servers": [{"url": "https://{SalesUrl}/v1", "variables": {"SalesUrl": {"default": "sales.example.com"}}}],
        "paths": {"/crm/results": {"post": post}},
        "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
    }


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
