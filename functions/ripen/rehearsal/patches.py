"""The patches that lead from one configuration to another; each of them can be applied by itself.

A patch is about one rule, one phase, one campaign, or one setting, whatever of it is different.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from ripen.conditions.pattern import event_names
from ripen.config.configuration import Configuration
from ripen.versions import changes

Path = tuple[str, ...]

_ANY = "*"
_DEEPER: tuple[Path, ...] = (
    (),
    ("sources",),
    ("profiles",),
    ("profiles", _ANY),
    ("profiles", _ANY, "rules"),
    ("profiles", _ANY, "fit"),
    ("profiles", _ANY, "groups"),
    ("grades",),
    ("counts",),
    ("interests",),
    ("interests", "topics"),
    ("personas",),
    ("phases",),
    ("stages",),
    ("campaigns",),
    ("mailing",),
    ("mailing", "categories"),
    ("mailing", "recipients"),
    ("mailing", "surveys"),
    ("people",),
    ("people", "reps"),
    ("content",),
    ("offers",),
    ("conversions",),
)
"""The paths below which each key has a patch of its own."""

_AS_A_WHOLE: tuple[Path, ...] = (("profiles", _ANY), ("interests",), ("people",))
"""Those that are one patch if they are new or gone."""

_NOT_REHEARSED = ("approval", "conversions", "people")
"""Parts of the configuration that change nothing that a lead gets, or only in whose name."""


class Patch(NamedTuple):
    """The JSON values `before` and `after` at `path`, None where there is none, and the sentences about the change."""

    path: Path
    before: Any
    after: Any
    text: str = ""

    @property
    def name(self) -> str:
        """The path as text, such as `profiles.engagement.rules.newsletter-opened`."""
        return ".".join(self.path)

    @property
    def concerns_leads(self) -> bool:
        """False if the patch cannot have an effect on leads."""
        return self.path[0] not in _NOT_REHEARSED


def patches(before: Configuration, after: Configuration) -> list[Patch]:
    """The patches from one configuration to another, in the order of the files."""
    told = changes.changes(before, after)
    return [patch._replace(text=_text(patch, told)) for patch in _between((), before.plain(), after.plain())]


def applied(before: Configuration, patch: Patch) -> Configuration | None:
    """The configuration with this patch alone; None if it is valid only together with others."""
    values = before.plain()
    here = values
    for key in patch.path[:-1]:
        here = here.setdefault(key, {})
    if patch.after is None:
        here.pop(patch.path[-1], None)
    else:
        here[patch.path[-1]] = patch.after
    try:
        return Configuration.model_validate(values)
    except ValidationError:
        return None


def triggers(patch: Patch) -> frozenset[str] | None:
    """The names of the events without which the patch cannot have an effect on a lead; None if there may be others."""
    found: set[str] = set()
    for value in (patch.before, patch.after):
        pattern = _watched(patch.path, value) if value is not None else {"event": []}
        names = event_names(pattern) if pattern is not None else None
        if names is None:
            return None
        found.update(names)
    return frozenset(found)


def _text(patch: Patch, told: Iterable[changes.Change]) -> str:
    """The sentences about all that is at the path or below it."""
    sentences = (change.text for change in told if change.path[: len(patch.path)] == patch.path)
    return "; ".join(sentences) or f"`{patch.name}` is written differently"


def _watched(path: Path, value: Any) -> Any:
    """The event pattern without which a rule, count, topic or campaign does nothing; None if there is none."""
    if len(path) == 4 and path[0] == "profiles" and path[2] == "rules":
        return value["when"]
    if path[:-1] in (("counts",), ("interests", "topics")):
        return value["when"]
    return value["start"].get("event") if path[:-1] == ("campaigns",) else None


def _between(path: Path, before: Any, after: Any) -> Iterator[Patch]:
    if _is_in(_DEEPER, path) and not _is_in(_AS_A_WHOLE, path):
        before, after = before or {}, after or {}
    apart = _is_in(_DEEPER, path) and isinstance(before, dict) and isinstance(after, dict)
    if apart and not _begins_elsewhere(path, before, after):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _between((*path, key), before.get(key), after.get(key))
    elif apart or before != after:
        yield Patch(path, before, after)


def _is_in(patterns: tuple[Path, ...], path: Path) -> bool:
    return any(
        len(path) == len(pattern) and all(part in (_ANY, key) for part, key in zip(pattern, path, strict=True))
        for pattern in patterns
    )


def _begins_elsewhere(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """True if another phase comes first: every lead begins there, so the phases change as a whole."""
    return path in (("phases",), ("stages",)) and next(iter(before), "") != next(iter(after), "")
