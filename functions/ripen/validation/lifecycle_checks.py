"""Checks of a lifecycle's transitions: phases that no lead enters or leaves, alternation, and endless circles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ripen.config.schema.base import Path
from ripen.config.schema.lifecycle import EntryCondition, InterestCondition, Phase, ScoreCondition

Onward = Mapping[str, set[str]]
"""The phases that each phase leads to."""


def dead_ends(section: str, phases: Mapping[str, Phase]) -> Iterator[tuple[Path, str]]:
    """All problems of the transitions between these phases. Yields (path, problem)."""
    yield from _to_and_fro(section, phases)
    yield from _never_entered(section, phases)
    for circle in _closed(_onward(phases, lambda _: True)):
        if 1 < len(circle) < len(phases) and not _takes_a_deed(circle, phases):
            text = f"no lead leaves {_named(circle)}, because they lead only to each other, by time alone"
            yield (section, circle[0]), f"{text}; add a transition to another one"
    for circle in _closed(_onward(phases, _by_time_alone)):
        if len(circle) > 1:
            text = f"leads move between {_named(circle)} forever, because in_phase_for is the only condition"
            yield (section, circle[0]), f"{text}; add another condition to one of the transitions"


def _to_and_fro(section: str, phases: Mapping[str, Phase]) -> Iterator[tuple[Path, str]]:
    """Pairs of phases between which a lead with a constant score would alternate."""
    for key, phase in phases.items():
        for n, falls in enumerate(phase.enter):
            for origin in falls.come_from or [other for other in phases if other != key]:
                for rises in phases[origin].enter if origin in phases else ():
                    found = _opposite(rises, falls) if not rises.come_from or key in rises.come_from else None
                    if found:
                        kind, up, down = found
                        text = f"a lead with a value from {up:g} to {down:g} would alternate between {origin} and {key}"
                        yield (section, key, "enter", n, kind, "below"), f"{text}; write {up:g} or less"


def _opposite(rises: EntryCondition, falls: EntryCondition) -> tuple[str, float, float] | None:
    """(kind, `at_least`, `below`) of two transitions that check only the same value, if their ranges overlap."""
    for kind in ("score", "interest"):
        alone = (rises.model_fields_set | falls.model_fields_set) <= {"come_from", kind}
        up, down = getattr(rises, kind), getattr(falls, kind)
        if not alone or up is None or down is None or _name(up) != _name(down):
            continue
        if up.at_least is not None and down.below is not None and up.at_least < down.below:
            return kind, up.at_least, down.below
    return None


def _name(condition: ScoreCondition | InterestCondition) -> str:
    return condition.profile if isinstance(condition, ScoreCondition) else condition.topic


def _never_entered(section: str, phases: Mapping[str, Phase]) -> Iterator[tuple[Path, str]]:
    """Transitions from a phase to itself, and phases that no path of transitions reaches."""
    for key, phase in phases.items():
        for n, condition in enumerate(phase.enter):
            if condition.come_from == [key]:
                yield (
                    (section, key, "enter", n, "from"),
                    f"{key!r} is the phase that this transition enters; name other phases",
                )
    reached = _reachable(_onward(phases, lambda _: True), next(iter(phases), ""))
    for key in phases:
        if key not in reached:
            first = next(iter(phases))
            text = f"no lead enters this phase, because no transitions lead here from {first}, where leads begin"
            yield (section, key), f"{text}; add a transition"


def _takes_a_deed(circle: Sequence[str], phases: Mapping[str, Phase]) -> bool:
    """True if a transition within the circle waits for the lead's behaviour, such as another purchase."""
    ways = (way for key in circle for way in phases[key].enter if not way.come_from or set(way.come_from) & set(circle))
    return any(
        way.when is not None
        or way.usage == "growing"
        or any(limit is not None and limit.at_least is not None for limit in (way.score, way.interest))
        for way in ways
    )


def _by_time_alone(condition: EntryCondition) -> bool:
    return condition.model_fields_set - {"come_from"} == {"in_phase_for"}


def _onward(phases: Mapping[str, Phase], counts: Callable[[EntryCondition], bool]) -> dict[str, set[str]]:
    onward: dict[str, set[str]] = {key: set() for key in phases}
    for key, phase in phases.items():
        for condition in phase.enter:
            if counts(condition):
                for origin in condition.come_from or phases:
                    if origin in onward and origin != key:
                        onward[origin].add(key)
    return onward


def _closed(onward: Onward) -> Iterator[Sequence[str]]:
    """Groups of phases that lead into each other and to no other phase."""
    reported: set[str] = set()
    for key in onward:
        circle = _reachable(onward, key)
        if key not in reported and all(key in _reachable(onward, other) for other in circle):
            reported |= circle
            yield [name for name in onward if name in circle]


def _reachable(onward: Onward, start: str) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        following = onward.get(waiting.pop(), set()) - found
        found |= following
        waiting += following
    return found


def _named(circle: Sequence[str]) -> str:
    return f"{', '.join(circle[:-1])} and {circle[-1]}"
