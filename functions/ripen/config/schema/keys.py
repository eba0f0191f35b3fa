"""The keys that may stand at a place of the rule files, found in the models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel


def keys_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys of the mapping at `path` below a model; empty if there is none, or if any key may stand there.

    A step in angle brackets is the tag of a union, as in the locations of pydantic's errors.
    """
    kinds: list[Any] = [model]
    for step in path:
        if not str(step).startswith("<"):
            kinds = [inner for kind in kinds for one in _alternatives(kind) for inner in _below(one, step)]
    models = [one for kind in kinds for one in _alternatives(kind) if _is_model(one)]
    return [field.alias or name for one in models for name, field in one.model_fields.items()]


def _alternatives(kind: Any) -> list[Any]:
    """The types of a union, without their annotations; lists and dicts stay as they are."""
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if _is_model(kind) or get_origin(kind) in (list, dict) or not get_args(kind):
        return [kind]
    return [one for inner in get_args(kind) for one in _alternatives(inner)]


def _below(kind: Any, step: str | int) -> list[Any]:
    if _is_model(kind):
        fields = {field.alias or name: field for name, field in kind.model_fields.items()}
        return [fields[str(step)].annotation] if step in fields else []
    return [get_args(kind)[-1]] if get_origin(kind) in (list, dict) else []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
