"""Changes of the steps of a campaign: what is sent, how long is waited, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from ripen.config.schema.campaigns import Branch, Step
from ripen.versions.values import replaced, same, words

Fields = Callable[[str, Step, Step], Iterator[str]]
"""Sentences about the other keys of a step, given the words for the step, and it before and after."""

_DOES = {
    "mail": "sends",
    "onsite": "shows",
    "handoff": "hands over to",
    "notify": "tells",
    "webhook": "calls",
}


def done(step: Step) -> str:
    """What a step does, such as "sends `tips`"."""
    if step.wait is not None:
        return f"waits {words(step.wait)}"
    if step.branch is not None:
        return f"branches {len(step.branch)} ways"
    if step.stop:
        return "stops"
    kind = next(kind for kind in _DOES if getattr(step, kind) is not None)
    return f"{_DOES[kind]} {words(getattr(step, kind))}"


def step_changes(label: str, before: Sequence[Step], after: Sequence[Step], fields: Fields) -> Iterator[str]:
    """Sentences about what changed in the steps of the campaign that `label` names."""
    known = {step.key for step in before if step.acts}
    old_ids, new_ids = ([_identity(step, known) for step in steps] for steps in (before, after))
    kept = {one for one in old_ids if one in new_ids and one[1]}
    for kind, start, end, first, last in SequenceMatcher(None, old_ids, new_ids, autojunk=False).get_opcodes():
        if kind == "equal":
            for old, new in zip(range(start, end), range(first, last), strict=True):
                yield from _same_step(label, before[old], after, new, fields)
            continue
        for number in range(start, end):
            if old_ids[number] not in kept:
                yield f"{label} no longer {done(before[number])}{_place(before, number)}"
        for number in range(first, last):
            moved = new_ids[number] in kept
            yield f"{label} {done(after[number])}{_place(after, number)}{', in another place' if moved else ', new'}"


def _identity(step: Step, known: set[str]) -> tuple[str, str]:
    if step.acts:
        return "act", step.was if step.was in known and step.key not in known else step.key
    return ("wait" if step.wait is not None else "branch" if step.branch is not None else "stop"), ""


def _same_step(label: str, old: Step, after: Sequence[Step], number: int, fields: Fields) -> Iterator[str]:
    new = after[number]
    if old.wait is not None and new.wait is not None and not same(old.wait, new.wait):
        several = sum(step.wait is not None for step in after) > 1
        yield f"{label} waits {replaced(old.wait, new.wait)}{_place(after, number) if several else ''}"
    if old.branch is not None and new.branch is not None:
        yield from _branches(label, old.branch, new.branch, fields)
    if not new.acts:
        yield from fields(label, old, new)
        return
    if old.key != new.key:
        yield f"{label} calls the step `{old.key}` now `{new.key}`"
    if old.onsite is None and (now := done(new)) != (then := done(old)):
        yield f"{label} {now}; before, it {then}"
    yield from fields(f"{label}, step `{new.key}`,", old, new)


def _branches(label: str, before: Sequence[Branch], after: Sequence[Branch], fields: Fields) -> Iterator[str]:
    if len(before) != len(after):
        yield f"{label} branches {len(after)} ways instead of {len(before)}"
    for number, (old, new) in enumerate(zip(before, after, strict=False), 1):
        place = f"{label}, branch {number},"
        for key in ("when", "happened"):
            then, now = getattr(old, key), getattr(new, key)
            if then != now:
                yield f"{place} is for {words(now) if now else 'all leads'} instead of {words(then) if then else 'all'}"
        yield from step_changes(place, old.steps, new.steps, fields)


def _place(steps: Sequence[Step], number: int) -> str:
    """Where a step is, by its neighbours that do something."""
    if after := next((step.key for step in steps[number + 1 :] if step.acts), ""):
        return f" before `{after}`"
    before = next((step.key for step in reversed(steps[:number]) if step.acts), "")
    return f" after `{before}`" if before else ""
