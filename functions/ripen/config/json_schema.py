"""JSON Schemas of the rule files, made from the models, for editors that complete and check while somebody types.

A schema knows keys, values and conditions. What several files decide together, such as the names of phases, is known to
the check alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from ripen.config.condition_schema import CONDITION_SCHEMAS
from ripen.config.configuration import Configuration
from ripen.config.upload_limits import SECTIONS

FOLDER = "schemas/"
"""The folder of the schemas, beside `rules/`."""

_DRAFT = "http://json-schema.org/draft-07/schema#"
_BY_NAME = ("properties", "patternProperties", "$defs")
"""Keys of a schema whose value holds schemas by name."""


@cache
def schema_files() -> Mapping[str, str]:
    """The text of each schema, by its name beside `rules/`, such as `schemas/scoring.json`."""
    whole = Configuration.model_json_schema(schema_generator=_Generator)
    definitions = {name: _plain(schema) for name, schema in (whole["$defs"] | CONDITION_SCHEMAS).items()}
    return {
        f"{FOLDER}{PurePosixPath(name).stem}.json": _text(name, sections, whole["properties"], definitions)
        for name, sections in SECTIONS.items()
    }


def _text(name: str, sections: tuple[str, ...], sections_of_all: Mapping[str, Any], definitions: Any) -> str:
    properties = {section: _plain(sections_of_all[section]) for section in sections}
    used = sorted(_used(properties, definitions))
    schema = {
        "$schema": _DRAFT,
        "title": f"Ripen: {name}",
        "type": "object",
        "properties": properties,
        "required": [sections[0]],
        "additionalProperties": False,
        "$defs": {one: definitions[one] for one in used},
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Pydantic's schemas, in which a mapping whose keys have a form refuses other keys."""

    def dict_schema(self, schema: core_schema.DictSchema) -> dict[str, Any]:
        made = super().dict_schema(schema)
        if keys := made.pop("patternProperties", None):
            [(pattern, values)] = keys.items()
            made["propertyNames"] = made.get("propertyNames", {}) | {"pattern": pattern}
            made["additionalProperties"] = values
        return made


def _plain(schema: Any) -> Any:
    """A schema without the titles and defaults that the models have only for Python."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "definition" in schema:
        return {"$ref": f"#/$defs/{schema['definition']}"}
    return {
        key: {name: _plain(one) for name, one in value.items()} if key in _BY_NAME else _plain(value)
        for key, value in schema.items()
        if key not in ("title", "discriminator") and not (key == "default" and not isinstance(value, str | int | float))
    }


def _used(schema: Any, definitions: Mapping[str, Any], known: set[str] | None = None) -> set[str]:
    """The names of the definitions to which a schema leads."""
    known = set() if known is None else known
    for name in {*_references(schema)} - known:
        if name not in known:
            known.add(name)
            _used(definitions[name], definitions, known)
    return known


def _references(schema: Any) -> Iterator[str]:
    values = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for value in values:
        yield from _references(value)
    if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        yield schema["$ref"].removeprefix("#/$defs/")
