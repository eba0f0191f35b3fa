"""The published form of the events for other systems, version 1. Fields may be added; none is removed or renamed."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from ripen.crm.news import ERASED, PHASE_ENTERED, WITHDRAWN
from ripen.people.state import ASSIGNED
from ripen.sales.decisions import DECISIONS, UNDONE
from ripen.sales.state import HANDED_OFF

FOLDER = "events/1/"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"

Moment = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$", description="ISO 8601, UTC")]
Text = Annotated[str, Field(max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErasedLead(_Part):
    """The lead that does not exist any more."""

    id: Annotated[str, Field(description="The id of the lead: that of the subject at its root")]
    key: Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="A digest of the id, for addresses and fields")]


class TheLead(ErasedLead):
    """The lead that the event is about."""

    sequence: Annotated[int, Field(description="Grows with every change of the lead: a lower one is older", ge=1)]
    sales: Annotated[str, Field(description="The decision in force, else `Lead Handed Off`, else empty")]


class Contact(_Part):
    """The person. What is not known is missing, so that no field of yours is emptied."""

    address: Annotated[str, Field(max_length=254, description="The e-mail address")]
    address_proven: Annotated[bool, Field(description="True if the reader of the address or a server has proven it")]
    name: Annotated[str, Field(max_length=254, description="The whole name; the address if none is known")]
    last_name: Annotated[str, Field(max_length=254, description="The whole name or the address if none is known")]
    language: Annotated[str, Field(description="Language code")]
    first_name: Text | None = None
    company: Text | None = None
    phone: Text | None = None


class Phase(_Part):
    """The lifecycle phase at the time of telling."""

    name: str
    since: Moment


class Owner(_Part):
    """The rep whose lead it is; empty texts if it is nobody's, or if the rep left people.yaml."""

    id: str
    name: str
    address: str


class Handoff(_Part):
    """The handoff: its id, the campaign with step and cycle, the recipient and the rep (absent: none)."""

    id: str
    campaign: str
    step: str
    cycle: int
    recipient: str
    rep: str | None = None


class Assignment(_Part):
    """The rep whose lead it became."""

    rep: str


class Entered(_Part):
    """The phase that was entered, and why."""

    phase: str
    reason: Text


class Decision(_Part):
    """The decision: who made it and what it says. Texts are empty if they do not apply; `value` is then missing."""

    id: str
    by: Annotated[Text, Field(description="`rep.NAME`, `team.RECIPIENT` or `source.SERVER`")]
    reason: Text
    until: Annotated[Text, Field(description="The day before which the lead is not handed over again")]
    currency: Text
    handoff: Annotated[Text, Field(description="The id of the handoff that it answers")]
    note: Annotated[str, Field(max_length=1_000)]
    value: float | None = None


class Undone(_Part):
    """The decision that was taken back: its id, its event's name, and who took it back."""

    id: Text
    of: Text
    by: Text


class _Event(_Part):
    version: Literal[1]
    id: Annotated[str, Field(min_length=22, max_length=22, description="The same if the event is told again")]
    at: Annotated[Moment, Field(description="When it happened")]


class _About(_Event):
    lead: TheLead


class _State(_About):
    phase: Phase
    stage: str
    scores: Annotated[dict[str, float], Field(description="Points at the time of telling, by profile")]
    score: Annotated[float, Field(description="The highest of the scores")]
    persona: str
    interests: Annotated[list[str], Field(max_length=10, description="Strongest first")]
    owner: Owner
    contact: Annotated[Contact | None, Field(description="Missing if consent was withdrawn, or without an address")] = (
        None
    )


def _model(name: str, base: type[BaseModel], text: str, **parts: Any) -> type[BaseModel]:
    fields: dict[str, Any] = {"event": (Literal[name], ...)} | {part: (kind, ...) for part, kind in parts.items()}
    made: type[BaseModel] = create_model(name.replace(" ", ""), __base__=base, __doc__=text, **fields)
    return made


MODELS: dict[str, type[BaseModel]] = {
    HANDED_OFF: _model(HANDED_OFF, _State, "A lead was handed over to sales.", handoff=Handoff),
    ASSIGNED: _model(ASSIGNED, _State, "A lead became the lead of a rep.", assignment=Assignment),
    **{
        name: _model(name, _State, f"Sales, or a system of sales, decided: {name}.", decision=Decision)
        for name in sorted(DECISIONS)
    },
    UNDONE: _model(UNDONE, _State, "A decision was taken back; `lead.sales` tells what is in force.", undone=Undone),
    PHASE_ENTERED: _model(PHASE_ENTERED, _State, "A lead entered a phase of its lifecycle.", entered=Entered),
    WITHDRAWN: _model(WITHDRAWN, _About, "The person withdrew consent: no data of theirs follow."),
    ERASED: _model(ERASED, _Event, "Everything about the person was erased: erase it, too.", lead=ErasedLead),
}
"""The model of each event, by its name."""


def schema_name(event: str) -> str:
    """The name of an event's schema, such as `events/1/deal-won.json`."""
    return f"{FOLDER}{event.lower().replace(' ', '-')}.json"


def event_schemas() -> dict[str, str]:
    """The text of each JSON Schema by its name."""
    return {schema_name(name): _text(name, model) for name, model in MODELS.items()}


def _text(name: str, model: type[BaseModel]) -> str:
    schema = {"$schema": _DRAFT, "$id": f"ripen:{schema_name(name)}"}
    schema |= model.model_json_schema(schema_generator=_Generator) | {"title": name}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Schemas for receivers: a field that is not required may be missing, but is never null; others may be added."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        found.pop("additionalProperties", None)
        return found

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - titles repeat the names
        return False
