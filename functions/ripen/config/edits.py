"""Edits of campaigns: the names that stay in the ledger after a renaming, and the former steps that leads followed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.config.schema.base import Path
from ripen.config.schema.campaigns import CHANNELS, Campaign, Edition, Step

MOST_EDITIONS = 50
"""The most former versions of the steps of one campaign that are kept."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """A name at `path` that seems to be a new one for `old`, without `was`. `campaign` is the name in the ledger."""

    campaign: str
    path: Path
    old: str

    def problem(self, leads: str) -> str:
        """The problem to report while `leads`, such as "12 leads are", under way in the campaign."""
        return (
            f"seems to be a new name for {self.old}, and {leads} under way in {self.campaign}; "
            f"write `was: {self.old}` so that they go on, or `restart: true` in the campaign if it is something new"
        )


@dataclass(slots=True)
class Edited:
    """All campaigns under the names that the ledger knows, with their former steps.

    `editions` and `renamed` are those of `ActiveConfiguration`. `problems` are wrong uses of `was`. `renamings` are to
    be refused while leads are under way.
    """

    campaigns: dict[str, Campaign] = field(default_factory=dict)
    editions: dict[str, list[Edition]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    problems: list[tuple[Path, str]] = field(default_factory=list)
    renamings: list[Renaming] = field(default_factory=list)

    def add(self, key: str, campaign: Campaign, old: Campaign | None, former: Sequence[Edition], now: int) -> None:
        """Add a campaign under its name in the ledger, with its `former` steps and those that it replaces at `now`."""
        self.campaigns[key] = campaign
        if old and (old.all_steps, old.valid_for) != (campaign.all_steps, campaign.valid_for):
            until = max(now, former[-1].until if former else 0)
            former = [*former, Edition(until=until, steps=old.all_steps, valid_for=old.valid_for)]
        if former:
            self.editions[key] = [*former[-MOST_EDITIONS:]]


def edit(active: ActiveConfiguration | None, configuration: Configuration, now: int) -> Edited:
    """The campaigns of the configuration that replaces the active one at `now` (ms)."""
    before = active.configuration.campaigns if active else {}
    renamed, editions = (active.renamed, active.editions) if active else ({}, {})
    written, path, edited = configuration.campaigns, ("campaigns",), Edited()
    keys = _keys({name: one.was for name, one in written.items()}, before, renamed, edited.problems, path)
    for name, campaign in written.items():
        key = keys[name]
        inner = {step.removeprefix(f"{key}/"): was for step, was in renamed.items() if step.startswith(f"{key}/")}
        old = before.get(key)
        step_keys = _step_keys(name, campaign, old, inner, edited.problems)
        edited.renamed |= {f"{key}/{step}": was for step, was in step_keys.items() if step != was}
        edited.renamed |= {name: key} if name != key else {}
        if old and not campaign.restart:
            edited.renamings += _replaced_steps(key, ("campaigns", name), campaign, old, step_keys)
        edited.add(key, _renamed(campaign, step_keys), old, editions.get(key, ()), now)
    edited.renamings += _replaced_campaigns(before, written, keys)
    return edited


def _keys(
    present: Mapping[str, str | None],
    before: Collection[str],
    renamed: Mapping[str, str],
    problems: list[tuple[Path, str]],
    path: Path,
) -> dict[str, str]:
    """The name in the ledger of each present name; `present` has the `was` of each. Adds to `problems`."""
    keys: dict[str, str] = {}
    for name, was in present.items():
        key = renamed.get(name, name)
        if was is not None and before and key not in before:
            key = renamed.get(was, was)
            if key not in before:
                problems.append(((*path, name, "was"), f"there is no {was} that could have got a new name"))
        if key in keys.values():
            other = next(one for one, same in keys.items() if same == key)
            problems.append(((*path, name), f"is the former name of {other}, or has it too; choose another name"))
        keys[name] = key
    return keys


def _step_keys(
    name: str,
    campaign: Campaign,
    old: Campaign | None,
    renamed: Mapping[str, str],
    problems: list[tuple[Path, str]],
) -> dict[str, str]:
    present = {key: step.was for key, step in campaign.actions.items()}
    return _keys(present, old.actions if old else {}, renamed, problems, ("campaigns", name, "steps"))


def _renamed(campaign: Campaign, keys: Mapping[str, str]) -> Campaign:
    """The campaign with the names of its steps that the ledger knows, without `was` and `restart`."""
    changes: dict[str, Any] = {"was": None, "restart": False}
    if any(step.key != keys[step.key] or step.was for step in campaign.actions.values()):
        changes |= {"mail": None, "steps": _rename(campaign.all_steps, keys)}
    return campaign.model_copy(update=changes)


def _rename(steps: Sequence[Step], keys: Mapping[str, str]) -> list[Step]:
    found = []
    for step in steps:
        key = keys.get(step.key, step.key)
        changes: dict[str, Any] = {"was": None} | ({"name": key} if key != step.key else {})
        if step.branch is not None:
            changes["branch"] = [
                branch.model_copy(update={"steps": _rename(branch.steps, keys)}) for branch in step.branch
            ]
        found.append(step.model_copy(update=changes))
    return found


def _replaced_steps(
    key: str, path: Path, campaign: Campaign, old: Campaign, keys: Mapping[str, str]
) -> Iterator[Renaming]:
    """New steps with the action of one that is gone."""
    before = old.actions
    for name, step in campaign.actions.items():
        for lost, gone in before.items():
            if keys[name] not in before and lost not in keys.values() and _same(gone, step):
                yield Renaming(key, (*path, "steps", name), lost)


def _replaced_campaigns(
    before: Mapping[str, Campaign], present: Mapping[str, Campaign], keys: Mapping[str, str]
) -> Iterator[Renaming]:
    """New campaigns with at least half of the actions of one that is gone."""
    for name, campaign in present.items():
        actions = campaign.actions.values()
        for old, lost in before.items():
            same = [any(_same(gone, step) for step in actions) for gone in lost.actions.values()]
            new = keys[name] not in before and old not in keys.values() and not campaign.restart
            if new and same and 2 * sum(same) >= len(same):
                yield Renaming(old, ("campaigns", name), old)


def _same(step: Step, other: Step) -> bool:
    return all(getattr(step, channel) == getattr(other, channel) for channel in CHANNELS)
