"""What the CRMs take, after their published descriptions.

HubSpot: https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/batch/post-crm-v3-objects-contacts-batch-upsert.
Salesforce: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_upsert.htm.
SugarCRM: https://support.sugarcrm.com/documentation/sugar_developer/ (`/integrate/<module>/:sync_key_field_name/...`).
Pipedrive: https://developers.pipedrive.com/docs/api/v1/Persons (version 2 of the API).
Where a description says nothing of custom fields, texts, numbers and booleans are taken; a custom field of Salesforce
ends in `__c`, one of SugarCRM in `_c`, one of Pipedrive is 40 digits and letters.
"""

from __future__ import annotations

from jsonschema_rs import Draft202012Validator

_TEXT = {"type": "string"}
_SHORT = {"type": "string", "maxLength": 255}
_VALUE = {"type": ["string", "number", "boolean"]}


def _fields(known, custom, required=()):
    return {
        "type": "object",
        "properties": known,
        "patternProperties": {custom: _VALUE},
        "additionalProperties": False,
        "required": [*required],
        "minProperties": 1,
    }


_HUBSPOT = {
    "type": "object",
    "required": ["inputs"],
    "additionalProperties": False,
    "properties": {
        "inputs": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {
                "type": "object",
                "required": ["id", "properties"],
                "additionalProperties": False,
                "properties": {
                    "id": _TEXT,
                    "idProperty": {"enum": ["email", "ripen_lead_key"]},
                    "objectWriteTraceId": _TEXT,
                    "properties": _fields(
                        dict.fromkeys(("email", "firstname", "lastname", "company", "phone"), _TEXT), "^ripen_[a-z_]+$"
                    )
                    | {"additionalProperties": False},
                },
            },
        }
    },
}
_SALESFORCE = _fields(
    {"LastName": {"type": "string", "minLength": 1, "maxLength": 80}, "FirstName": {"type": "string", "maxLength": 40}}
    | {"Company": {"type": "string", "minLength": 1, "maxLength": 255}, "Email": {"type": "string", "maxLength": 80}}
    | {"Phone": {"type": "string", "maxLength": 40}},
    "^Ripen_[A-Za-z_]+__c$",
)
_SUGAR = _fields(
    dict.fromkeys(("last_name", "first_name", "account_name", "email1", "phone_work"), _SHORT), "^ripen_[a-z_]+_c$"
)
_CUSTOM = {"type": "object", "patternProperties": {"^[0-9a-f]{40}$": _VALUE}, "additionalProperties": False}
_EMAIL = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": _TEXT, "primary": {"type": "boolean"}, "label": _TEXT},
    "additionalProperties": False,
}
_PERSON = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"name": {"type": "string", "minLength": 1}, "emails": {"type": "array", "items": _EMAIL}}
    | {"custom_fields": _CUSTOM},
}

VALIDATORS = {
    name: Draft202012Validator(schema)
    for name, schema in {
        "hubspot": _HUBSPOT,
        "salesforce": _SALESFORCE,
        "sugarcrm": _SUGAR,
        "pipedrive": _PERSON,
        "pipedrive new": _PERSON | {"required": ["name"]},
    }.items()
}
