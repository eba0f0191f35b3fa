"""Checks of a configuration that its models cannot make alone: unknown names, and rules that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ripen.config.configuration import Configuration
from ripen.config.schema.base import Model, Path, inner_values
from ripen.config.schema.campaigns import Date
from ripen.config.schema.lifecycle import EntryCondition
from ripen.events.event import RIPEN
from ripen.events.sources import UNREGISTERED
from ripen.scoring.score import DISPLAY_STEP
from ripen.validation.campaign_checks import campaign_problems, listed
from ripen.validation.contradictions import contradictions
from ripen.validation.lifecycle_checks import dead_ends
from ripen.validation.never_true import impossible, leaves, unknown_reasons
from ripen.validation.people_checks import people_problems
from ripen.validation.score_bounds import highest_confidence, highest_score
from ripen.validation.translations import missing_texts

Problems = Iterator[tuple[Path, str]]

_CONDITIONS = ("when", "after", "event", "segment", "only_if", "goal", "exit", "happened")
"""The keys whose values are conditions."""


def problems(configuration: Configuration, mails: frozenset[str]) -> Problems:
    """All problems of a configuration whose models are valid. Yields (path, problem)."""
    yield from _strangers(configuration)
    yield from campaign_problems(configuration, mails)
    yield from people_problems(configuration)
    yield from missing_texts(configuration)
    yield from _sources(configuration)
    yield from _patterns(configuration)
    yield from _thresholds(configuration)
    for section, phases in (("phases", configuration.phases), ("stages", configuration.stages)):
        yield from dead_ends(section, phases)


def _strangers(configuration: Configuration) -> Problems:
    """References to unknown names, and conditions on `usage` without its configuration."""
    kinds: Mapping[str, Mapping[str, Any]] = {
        "profile": configuration.profiles,
        "phase": configuration.phases,
        "stage": configuration.stages,
        "topic": configuration.interests.topics if configuration.interests else {},
    }
    for path, kind, name in _named(configuration):
        known = kinds[kind]
        if name not in known:
            yield path, f"there is no {kind} {name!r}; known: {listed(known, name)}"
    for key, profile in configuration.profiles.items():
        for name, rule in profile.rules.items():
            if rule.group is not None and rule.group not in profile.groups:
                path = ("profiles", key, "rules", name, "group")
                yield (
                    path,
                    f"there is no group {rule.group!r} in this profile; known: {listed(profile.groups, rule.group)}",
                )
    for path, condition in _entries(configuration):
        if condition.usage and configuration.usage is None:
            yield (*path, "usage"), "no events are configured as usage; add usage to rules/interests.yaml"


def _named(configuration: Configuration) -> Iterator[tuple[Path, str, str]]:
    """Every reference to a name that is defined elsewhere: (path, kind, name)."""
    for path, condition in _entries(configuration):
        if condition.score:
            yield (*path, "score", "profile"), "profile", condition.score.profile
        if condition.interest:
            yield (*path, "interest", "topic"), "topic", condition.interest.topic
        for n, name in enumerate(condition.come_from):
            yield (*path, "from", n), str(path[0]).removesuffix("s"), name
    for key, grade in configuration.grades.items():
        for axis in ("fit", "engagement"):
            yield ("grades", key, axis, "profile"), "profile", getattr(grade, axis).profile
    for key, campaign in configuration.campaigns.items():
        if campaign.start.score:
            yield ("campaigns", key, "start", "score", "profile"), "profile", campaign.start.score.profile
        if campaign.start.phase:
            yield ("campaigns", key, "start", "phase"), "phase", campaign.start.phase


def _entries(configuration: Configuration) -> Iterator[tuple[Path, EntryCondition]]:
    for section in ("phases", "stages"):
        for key, phase in getattr(configuration, section).items():
            for n, condition in enumerate(phase.enter):
                yield (section, key, "enter", n), condition


def _sources(configuration: Configuration) -> Problems:
    keys: dict[str, str] = {}
    for name, rule in configuration.sources.items():
        if name in (RIPEN, UNREGISTERED):
            yield ("sources", name), "is a reserved name; choose another name"
        if keys.setdefault(rule.key_digest, name) != name:
            yield ("sources", name), f"has the same write key as {keys[rule.key_digest]}; give each source its own key"


def _patterns(configuration: Configuration) -> Problems:
    """Conditions on unknown names, on impossible values, or on facts that the condition itself decides."""
    named: Mapping[str, Mapping[str, Any]] = {
        "scores": configuration.profiles,
        "grades": configuration.grades,
        "counts": configuration.counts,
    }
    for place, when in conditions(configuration):
        for path, text in (*contradictions(when), *unknown_reasons(when)):
            yield (*place, *path), text
        for leaf in leaves(when):
            path, field = (*place, *leaf.path), leaf.field
            root, _, rest = field.partition(".")
            kind, _, name = rest.partition(".")
            if root == "lead" and kind in named and name not in named[kind]:
                yield path, f"{field}: {name!r} is not defined; known: {listed(named[kind], name)}"
            if place[0] == "personas" and field == "lead.persona":
                yield path, f"{field}: evidence of a persona cannot test the lead's persona; test another field"
            if place[0] == "profiles" and place[2] == "fit" and root != "traits":
                yield path, f"{field}: a fit rule can test only traits"
            for text in impossible(configuration, leaf):
                yield path, text


def conditions(configuration: Configuration) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every condition, with its path; those of a list, such as `exit`, one by one."""
    waiting: list[tuple[Path, object]] = [((), configuration)]
    while waiting:
        path, value = waiting.pop(0)
        allows = isinstance(value, Model) and not isinstance(value, Date)
        for place, inner in inner_values(path, value):
            if allows and place[-1] in _CONDITIONS and isinstance(inner, dict | list) and inner:
                listed = [(place, inner)] if isinstance(inner, dict) else inner_values(place, inner)
                yield from ((at, one) for at, one in listed if isinstance(one, dict))
            else:
                waiting.append((place, inner))


def _thresholds(configuration: Configuration) -> Problems:
    """Thresholds of scores and confidences that no lead can reach."""
    highest = {name: highest_score(profile) for name, profile in configuration.profiles.items()}
    wanted = [
        ((*path, "score", "at_least"), condition.score.profile, condition.score.at_least)
        for path, condition in _entries(configuration)
        if condition.score and condition.score.at_least is not None
    ]
    wanted += [
        (("campaigns", key, "start", "score", "at_least"), campaign.start.score.profile, campaign.start.score.at_least)
        for key, campaign in configuration.campaigns.items()
        if campaign.start.score
    ]
    wanted += [
        (("grades", key, name, "levels", level), axis.profile, bound)
        for key, grade in configuration.grades.items()
        for name, axis in (("fit", grade.fit), ("engagement", grade.engagement))
        for level, bound in axis.levels.items()
    ]
    for path, profile, threshold in wanted:
        if threshold - DISPLAY_STEP / 2 > highest.get(profile, threshold):
            most = f"the rules of the profile {profile} give at most {highest[profile]:g} points"
            yield path, f"no lead can reach {threshold:g}, because {most}; write less"
    for key, persona in configuration.personas.items():
        surest = highest_confidence(persona)
        if persona.at_least > surest:
            path = ("personas", key, "at_least")
            yield (
                path,
                f"no lead can reach {persona.at_least:g}, because all evidence together gives {surest:.2f}; write less",
            )
