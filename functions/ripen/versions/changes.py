"""The changes between two configurations, by their meaning: one sentence about a rule for each.

Comments, the order of keys and another spelling of the same value are no change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ripen.config.configuration import Configuration
from ripen.config.schema.base import Model, Path
from ripen.config.schema.campaigns import Campaign, Step
from ripen.config.schema.scoring import FitRule, ScoreRule
from ripen.config.upload_limits import SECTIONS
from ripen.versions.phrases import phrase, subject
from ripen.versions.steps import done, step_changes
from ripen.versions.values import replaced, same, words

_NO_MEANING = ("was", "restart")
"""Keys that tell how names changed, and nothing about leads."""

_FIRST_COUNTS = ("phases", "stages")
"""Mappings whose first name is where every lead begins."""


class Change(NamedTuple):
    """One change: the path in the configuration (or `("mails", name, language)`), and a sentence about it."""

    path: Path
    text: str

    @property
    def file(self) -> str:
        """The rule file, or the folder of the mail."""
        if self.path[0] == "mails":
            return f"mails/{self.path[1]}" if len(self.path) > 1 else "mails"
        return next(name for name, sections in SECTIONS.items() if self.path[0] in sections)


def changes(before: Configuration, after: Configuration) -> list[Change]:
    """The changes that lead from one configuration to the other, in the order of the rule files."""
    return [*_models((), before, after), *_beginnings(before, after)]


def by_file(found: Iterable[Change]) -> dict[str, list[str]]:
    """The sentences of changes, by file."""
    files: dict[str, list[str]] = {}
    for change in found:
        files.setdefault(change.file, []).append(change.text)
    return files


def _models(path: Path, before: Model, after: Model) -> Iterator[Change]:
    steps = ("mail", "steps") if isinstance(after, Campaign) else ()
    for name, field in type(after).model_fields.items():
        old, new = getattr(before, name), getattr(after, name)
        if name not in (*_NO_MEANING, *steps) and not same(old, new):
            yield from _values((*path, field.alias or name), old, new)
    if isinstance(before, Campaign) and isinstance(after, Campaign):
        place = (*path, "steps")
        label = subject(path)[0]
        for text in step_changes(label, before.all_steps, after.all_steps, _step_fields):
            yield Change(place, text)


def _beginnings(before: Configuration, after: Configuration) -> Iterator[Change]:
    for section in _FIRST_COUNTS:
        old, new = (next(iter(getattr(one, section)), "") for one in (before, after))
        if old and new and old != new:
            yield Change((section,), f"leads begin in {subject((section, new))[0]} instead of `{old}`")


def _step_fields(label: str, before: Step, after: Step) -> Iterator[str]:
    """Sentences about the keys of a step beside what it does."""
    for name in ("when", "happened", "content", "window", "valid_for", "onsite"):
        old, new = getattr(before, name), getattr(after, name)
        if not same(old, new):
            yield _sentence(label, name, old, new)


def _values(path: Path, old: Any, new: Any) -> Iterator[Change]:
    label, key = subject(path)
    if isinstance(old, Model) and isinstance(new, Model) and type(old) is type(new) and _alike(old, new):
        yield from _models(path, old, new)
    elif isinstance(old, dict) and isinstance(new, dict) and _holds_models(old, new):
        yield from _named(path, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(path, old, new)
    elif type(old) is type(new) and isinstance(old, Mapping) and not isinstance(old, Model) and _is_text(old, new):
        yield from (Change((*path, language), text) for language, text in _languages(label, key, old, new))
    else:
        yield Change(path, _sentence(label, key, old, new))


def _alike(old: Model, new: Model) -> bool:
    """True unless other keys are set than before: then both are told as a whole, such as another start."""
    return type(old).__name__ != "Start" or old.model_fields_set == new.model_fields_set


def _holds_models(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return any(isinstance(one, Model) for one in (*old.values(), *new.values()))


def _is_text(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return type(old) is not dict and all(isinstance(one, str) for one in (*old.values(), *new.values()))


def _languages(label: str, key: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for language in {**old, **new}:
        if old.get(language) != new.get(language):
            yield language, _sentence(label, f"{key}.{language}", old.get(language), new.get(language))


def _named(path: Path, old: Mapping[str, Model], new: Mapping[str, Model]) -> Iterator[Change]:
    former = {name: _former(name, one, old) for name, one in new.items()}
    for name in old:
        if name not in former.values():
            yield Change((*path, name), f"{subject((*path, name))[0]} is removed")
    for name, one in new.items():
        place, was = (*path, name), former[name]
        if was not in old:
            yield Change(place, f"{subject(place)[0]} is new{_summary(one)}")
            continue
        if was != name:
            yield Change(place, f"{subject((*path, was))[0]} is now called `{name}`")
        yield from _models(place, old[was], one)


def _former(name: str, one: Model, old: Mapping[str, Model]) -> str:
    was = one.was if isinstance(one, Campaign) else None
    return was if was is not None and was in old and name not in old else name


def _summary(one: Model) -> str:
    if isinstance(one, ScoreRule | FitRule) and isinstance(one.points, float):
        return f": gives {words(one.points)} point{'' if one.points == 1 else 's'}"
    if isinstance(one, Campaign):
        return f": {', '.join(map(done, one.all_steps))}"
    return ""


def _lists(path: Path, old: list[Any], new: list[Any]) -> Iterator[Change]:
    label, key = subject(path)
    gone, added = [one for one in old if one not in new], [one for one in new if one not in old]
    if len(gone) == len(added) == 1 and isinstance(gone[0], Model) and isinstance(added[0], Model):
        yield from _entry((*path, new.index(added[0])), gone[0], added[0])
        return
    told = [f"no longer {phrase(key).format(words(one))}" for one in gone]
    told += [f"also {phrase(key).format(words(one))}" for one in added]
    for text in told or [f"has `{key}` in another order"]:
        yield Change(path, f"{label} {text}".strip())


def _entry(path: Path, old: Model, new: Model) -> Iterator[Change]:
    """The change of one entry of a list: key by key if the same keys are set, else as a whole."""
    if old.model_fields_set == new.model_fields_set:
        yield from _models(path, old, new)
        return
    label, key = subject(path)
    yield Change(path, f"{label} {phrase(key).format(replaced(old, new))}")


def _sentence(label: str, key: str, old: Any, new: Any) -> str:
    if old is None:
        return f"{label} {phrase(key).format(words(new))}; before, there was no `{key}`"
    if new is None:
        return f"{label} has no `{key}` any more; before: {words(old)}"
    return f"{label} {phrase(key).format(replaced(old, new))}"
