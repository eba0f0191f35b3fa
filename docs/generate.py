"""Writes the generated pages of the reference: the API from its OpenAPI description, parameters from template.yaml.

The description of the sales function's calls is written as it is. From template.yaml it also writes the template with
which a new stack adopts the data of a deleted one, and from the models the JSON Schemas beside the starter rules. `make
reference` runs it. tests/unit/test_docs_site.py fails while a file is older than its source.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ripen.config.json_schema import schema_files
from ripen.crm.models import MODELS, event_schemas, schema_name
from sales.openapi import openapi as sales_calls
from track.openapi import openapi

DOCS = Path(__file__).parent
TEMPLATE = DOCS.parent / "template.yaml"
RETAINED = DOCS.parent / "infra" / "retained.json"
PARAMETERS = """# Parameters

Operators choose these values with `sam deploy --guided`. This page is made from `template.yaml`.
"""
API = """# API

Web developers and SDKs send events to these paths, below the output `TrackUrl` of the stack. `GET /v1/openapi.json`
serves the same description for programs; this page is made from it. Examples:
[send events](../how-to/send-events.md#plain-http).
"""


def pages() -> dict[Path, str]:
    """The text of each generated file, by its path."""
    template = YAML().load(TEMPLATE.read_text())
    return {
        DOCS / "reference" / "api.md": api(openapi("https://<TrackUrl>/v1")),
        DOCS / "reference" / "parameters.md": parameters(template),
        DOCS / "reference" / "sales-api.json": json.dumps(sales_calls(), indent=2) + "\n",
        RETAINED: retained(template),
        DOCS / "reference" / "crm-events.md": crm_events(
            {name: json.loads(text) for name, text in event_schemas().items()}
        ),
        **{DOCS.parent / "infra" / name: text for name, text in {**schema_files(), **event_schemas()}.items()},
    }


CRM_EVENTS = """# Events for other systems

For developers of receivers, and for operators who change the mapping of a CRM. The events are on the EventBridge bus
that has the name of the stack (output `EventBusName`). Their `source` is `ripen`, their `detail-type` is the name of
the event, and `detail` has the fields below. The JSON Schemas are in `infra/events/1`; this page is made from them. How
to receive them: [connect a CRM](../how-to/connect-a-crm.md).

- **At least once.** An event may come again, with the same `id`. Drop an id that you know, or write so that a
  repetition changes nothing.
- **In no certain order.** `lead.sequence` grows with each change of a lead: an event with a lower one is older.
- **As of the telling.** `phase`, `scores`, `persona`, `interests`, `owner` and `contact` are those of the moment at
  which the event is told; `at` is when it happened.
- **Version 1 grows.** Fields may be added. What would break a receiver gets another `version`.
"""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown; a cell that holds a vertical bar keeps it."""
    lines = [[*head], *([*row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


# ---------------------------------------------------------------- parameters


def parameters(template: Mapping[str, Any]) -> str:
    """A table of the template's parameters for each of its groups."""
    parts = [PARAMETERS]
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        named = [(name, template["Parameters"][name]) for name in group["Parameters"]]
        rows = [(f"`{name}`", _default(spec), _allowed(spec), spec["Description"]) for name, spec in named]
        parts.append(
            f"## {group['Label']['default']}\n\n" + table(("parameter", "default", "allowed", "meaning"), rows)
        )
    return "\n".join(parts)


def _default(spec: Mapping[str, Any]) -> str:
    if "Default" not in spec:
        return "none: required"
    return f"`{spec['Default']}`" if spec["Default"] != "" else "empty"


def _allowed(spec: Mapping[str, Any]) -> str:
    if "AllowedValues" in spec:
        return ", ".join(f"`{value}`" for value in spec["AllowedValues"])
    if "MaxValue" in spec:
        return f"{spec['MinValue']} to {spec['MaxValue']}"
    if "MinValue" in spec:
        return f"{spec['MinValue']} or more"
    return str(spec.get("ConstraintDescription", "any text")).removeprefix("has to be ")


# ---------------------------------------------------------------- what a deleted stack leaves


def retained(template: Mapping[str, Any]) -> str:
    """A template of the resources alone that outlive their stack: a stack that imports can hold nothing else."""
    kept = {name: one for name, one in template["Resources"].items() if "DeletionPolicy" in one}
    parts = ("Type", "DeletionPolicy", "UpdateReplacePolicy", "Properties")
    resources = {name: {part: one[part] for part in parts} for name, one in kept.items()}
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, indent=2) + "\n"


# ---------------------------------------------------------------- the API


def api(document: Mapping[str, Any]) -> str:
    """The calls of the API: fields and answers, as `/v1/openapi.json` describes them."""
    paths = document["paths"]
    calls = {path: item["post"] for path, item in paths.items() if "application/json" in _content(item.get("post", {}))}
    fields = {path: _content(call)["application/json"]["schema"] for path, call in calls.items()}
    common = set.intersection(*(set(schema["properties"]) for path, schema in fields.items() if _is_single(schema)))
    some = next(schema for schema in fields.values() if _is_single(schema))
    parts = [
        API,
        document["info"]["description"] + "\n",
        "Send the write key in the body (`writeKey`), in the query, or as the user of Basic authorization.\n",
        "## Fields of every call\n\n"
        "A call needs `anonymousId` or `userId`.\n\n"
        + _fields({name: some["properties"][name] for name in some["properties"] if name in common}, ()),
    ]
    for path, call in calls.items():
        schema = fields[path]
        own = {
            name: kind for name, kind in schema["properties"].items() if name not in common or not _is_single(schema)
        }
        said = f"{call['summary']}.\n\n" if "summary" in call else ""
        parts.append(f"## POST /v1{path}\n\n{said}" + _fields(own, schema.get("required", ())))
        if path == [*calls][-1]:
            parts.append("## Answers to these calls\n\n" + _answers(call))
            answer = document["components"]["schemas"]["Answer"]
            errors = answer["properties"]["errors"]["items"]
            parts.append("An answer is a JSON object:\n\n" + _fields(answer["properties"], answer["required"]))
            parts.append("Each of `errors`:\n\n" + _fields(errors["properties"], errors["required"]))
    for path, item in paths.items():
        if path not in calls:
            parts.append(_page(path, item))
    parts.append("## Answers of the pages\n\n" + _answers(paths["/confirm"]["post"]))
    parts.append("## Answers about offers\n\n" + _answers(paths["/offers"]["get"]))
    offers = document["components"]["schemas"]["Offers"]["properties"]["offers"]["items"]
    parts.append("Each of `offers` in the answer:\n\n" + _fields(offers["properties"], offers["required"]))
    return "\n".join(parts)


def _content(call: Mapping[str, Any]) -> dict[str, Any]:
    return dict(call.get("requestBody", {}).get("content", {}))


def _is_single(schema: Mapping[str, Any]) -> bool:
    return "batch" not in schema["properties"]


def _page(path: str, item: Mapping[str, Any]) -> str:
    call = item["get"]
    asked = [
        (f"`{part['name']}`", _kind(part["schema"]), "yes" if part["required"] else "no", part["description"])
        for part in call["parameters"]
    ]
    methods = " and ".join(method.upper() for method in item)
    text = f"## {methods} /v1{path}\n\n{call['summary']}. No write key in a header is needed.\n\n"
    text += table(("in the query", "value", "needed", "meaning"), asked)
    for kind, form in _content(item.get("post", {})).items():
        if form["schema"]["properties"]:
            text += f"\nThe body of POST is a form (`{kind}`):\n\n" + _fields(form["schema"]["properties"], ())
    return text


def _answers(call: Mapping[str, Any]) -> str:
    rows = [(f"`{status}`", answer["description"]) for status, answer in call["responses"].items()]
    return table(("status", "meaning"), rows)


def _fields(properties: Mapping[str, Any], needed: Iterable[str]) -> str:
    if not properties:
        return "No further fields.\n"
    rows = [
        (f"`{name}`", _kind(kind), "yes" if name in {*needed} else "no", kind.get("description", ""))
        for name, kind in properties.items()
    ]
    return table(("field", "value", "needed", "meaning"), rows)


def _kind(schema: Mapping[str, Any]) -> str:
    """The kind of a value in words, with its limits."""
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    text = " or ".join(kinds)
    if schema.get("format") == "date-time":
        text = text.replace("string", "time (ISO 8601)")
    if "maxLength" in schema:
        text += f", up to {schema['maxLength']} characters"
    if "maxItems" in schema:
        text += f", {schema['minItems']} to {schema['maxItems']} entries"
    return text


# ---------------------------------------------------------------- events for other systems


def crm_events(schemas: Mapping[str, Any]) -> str:
    """The events with what is their own, then the parts that they share."""
    found = {name: schemas[schema_name(name)] for name in MODELS}
    shared = {part: kind for schema in found.values() for part, kind in schema["$defs"].items()}
    head = ("event", "its own part", "meaning")
    rows = [(f"`{name}`", _own_part(schema), schema["description"]) for name, schema in found.items()]
    some = found["Lead Handed Off"]
    common = {part: kind for part, kind in some["properties"].items() if _own_part(some) != f"`{part}`"}
    common = {"event": {"type": "string", "description": "The name of the event"}} | {
        part: kind for part, kind in common.items() if part != "event"
    }
    parts = [
        CRM_EVENTS,
        table(head, rows),
        "`Lead Erased` and `Lead Consent Withdrawn` have `version`, `id`, `event`, `at` and `lead` alone.\n",
        "## Fields of the other events\n\n" + _parts(common, some["required"]),
    ]
    for part, kind in shared.items():
        title = f"## {_UNCAPITALS.get(part, part.lower())}\n\n{kind['description']}\n\n"
        parts.append(title + _parts(kind["properties"], kind["required"]))
    return "\n".join(parts)


_UNCAPITALS = {"TheLead": "lead", "ErasedLead": "lead of an erasure"}
_SHARED = ("version", "id", "event", "at", "lead", "phase", "stage", "scores", "score", "persona", "interests")


def _own_part(schema: Mapping[str, Any]) -> str:
    own = [part for part in schema["properties"] if part not in (*_SHARED, "owner", "contact")]
    return ", ".join(f"`{part}`" for part in own) or "none"


def _parts(properties: Mapping[str, Any], needed: Iterable[str]) -> str:
    rows = [
        (f"`{name}`", _value(kind), "yes" if name in {*needed} else "no", kind.get("description", ""))
        for name, kind in properties.items()
    ]
    return table(("field", "value", "always there", "meaning"), rows)


def _value(kind: Mapping[str, Any]) -> str:
    if "const" in kind:
        return f"`{kind['const']}`"
    if "$ref" in kind:
        return "object, see below"
    if "additionalProperties" in kind:
        return "numbers by name"
    return "list of " + kind["items"]["type"] if kind["type"] == "array" else _kind(kind)


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
