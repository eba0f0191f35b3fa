"""Checks of campaigns, content and offers that their models cannot make alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ripen.campaigns.campaign import of_facts
from ripen.conditions.pattern import event_names, fields
from ripen.config.configuration import Configuration
from ripen.config.schema.base import Path
from ripen.config.schema.campaigns import CHANNELS, Branch, Campaign, Step
from ripen.events.event import ENDS
from ripen.people.state import ASSIGNED
from ripen.privacy.relationship import CONTRACT_ENDED
from ripen.suggestions import did_you_mean

Problems = Iterator[tuple[Path, str]]


def listed(names: Collection[str], meant: str) -> str:
    """The names, sorted and joined for a message, with the one that is like the unknown name `meant`."""
    return (", ".join(sorted(names)) or "none") + did_you_mean(meant, names)


def campaign_problems(configuration: Configuration, mails: Collection[str]) -> Problems:
    """All problems of campaigns, content and offers. Yields (path, problem)."""
    for key, campaign in configuration.campaigns.items():
        path: Path = ("campaigns", key)
        steps = [*steps_of(campaign, path)]
        yield from _strangers(configuration, mails, campaign, path, steps)
        yield from _conditions(campaign, path, steps)
        yield from _loops(campaign, path, steps)
        yield from _after_the_end(campaign, path)
        yield from _same_names(steps)
    yield from _fitting(configuration)


def _after_the_end(campaign: Campaign, path: Path) -> Problems:
    names, first = event_names(campaign.start.event or {}), campaign.all_steps[0]
    if names is not None and {*names} == {CONTRACT_ENDED} and (first.mail or first.handoff):
        what = "mail" if first.mail else "handoff"
        problem = f"starts with {CONTRACT_ENDED}, after which nothing direct is sent, so its {what} would never go out"
        yield (*path, "start"), f"{problem}; use notify, webhook or onsite"


def steps_of(campaign: Campaign, path: Path) -> Iterator[tuple[Path, Step | Branch]]:
    """Every step and branch, with its path."""
    if campaign.mail is not None:
        yield path, campaign.all_steps[0]
        return
    waiting: list[tuple[Path, Sequence[Step]]] = [((*path, "steps"), campaign.steps)]
    while waiting:
        place, steps = waiting.pop(0)
        for n, step in enumerate(steps):
            yield (*place, n), step
            for m, branch in enumerate(step.branch or ()):
                inner = (*place, n, "branch", m)
                yield inner, branch
                waiting.append(((*inner, "steps"), branch.steps))


def _strangers(
    configuration: Configuration,
    mails: Collection[str],
    campaign: Campaign,
    path: Path,
    steps: Sequence[tuple[Path, Step | Branch]],
) -> Problems:
    mailing = configuration.mailing
    known: Mapping[str, Collection[str]] = {
        "mail": mails,
        "onsite": configuration.offers,
        **dict.fromkeys(("handoff", "notify", "webhook"), mailing.recipients),
    }
    titles = {"onsite": "offer", "handoff": "recipient", "notify": "recipient", "webhook": "recipient"}
    if campaign.category is not None and campaign.category not in mailing.categories:
        yield (
            (*path, "category"),
            f"there is no category {campaign.category!r}; known: {listed(mailing.categories, campaign.category)}",
        )
    kinds = {asset.kind for asset in configuration.content.values()}
    for place, step in steps:
        if isinstance(step, Branch):
            continue
        for channel in CHANNELS:
            named = getattr(step, channel)
            for n, name in enumerate(named if isinstance(named, list) else [named] if named else []):
                if name not in known[channel]:
                    where = (*place, channel, n) if isinstance(named, list) else (*place, channel)
                    yield (
                        where,
                        f"there is no {titles.get(channel, channel)} {name!r}; known: {listed(known[channel], name)}",
                    )
        if step.webhook in mailing.recipients and mailing.recipients[step.webhook].webhook is None:
            text = f"the recipient {step.webhook!r} has no webhook; add one in mailing.recipients, or name another"
            yield (*place, "webhook"), text
        for n, kind in enumerate(step.content.kinds if step.content else ()):
            if kind not in kinds:
                yield (
                    (*place, "content", "kinds", n),
                    f"there is no content of kind {kind!r}; known: {listed(kinds, kind)}",
                )


def _conditions(campaign: Campaign, path: Path, steps: Sequence[tuple[Path, Step | Branch]]) -> Problems:
    """Conditions on an event where none is available, and `happened` conditions without one."""
    facts = [((*path, "only_if"), campaign.only_if), ((*path, "start", "segment"), campaign.start.segment)]
    facts += [((*place, "when"), step.when) for place, step in steps]
    for place, pattern in facts:
        for field in fields(pattern or {}):
            if field.partition(".")[0] not in ("lead", "traits"):
                yield place, f"{field}: this condition has no event; test lead or traits, or use happened in a step"
    for place, step in steps:
        if step.happened is not None and of_facts(step.happened):
            yield (*place, "happened"), "tests no field of an event; use when to test lead and traits"


def _loops(campaign: Campaign, path: Path, steps: Sequence[tuple[Path, Step | Branch]]) -> Problems:
    """Start events that would restart their own campaign without end."""
    names = event_names(campaign.start.event) if campaign.start.event else ()
    waits = any(isinstance(step, Step) and step.wait for _, step in steps) or campaign.again is not None
    if names is None:
        text = "does not name an event, so Ripen's events about mails would also start the campaign; add the name"
        yield (*path, "start", "event"), text
    elif not waits and (own := sorted({*names} & _emitted(campaign, steps))):
        text = f"this campaign's own steps emit {own[0]}, so it would restart forever; add a wait step or set again"
        yield (*path, "start", "event"), text


def _emitted(campaign: Campaign, steps: Sequence[tuple[Path, Step | Branch]]) -> set[str]:
    """The events that the steps of a campaign leave in the ledger."""
    doing = [step for _, step in steps if isinstance(step, Step)]
    channels = {channel for step in doing for channel in CHANNELS if getattr(step, channel) is not None}
    found = {name for channel in channels for name in ENDS.get(channel, {}).values()}
    if campaign.from_rep or "handoff" in channels or any(step.to for step in doing):
        found.add(ASSIGNED)
    return found


def _same_names(steps: Sequence[tuple[Path, Step | Branch]]) -> Problems:
    keys = Counter(step.key for _, step in steps if isinstance(step, Step) and step.key)
    for place, step in steps:
        if isinstance(step, Step) and keys[step.key] > 1 and step.key:
            yield place, f"the name {step.key!r} occurs in more than one step; give each step its own name"


def _fitting(configuration: Configuration) -> Problems:
    """Content and offers with unknown phases, personas or topics, and offers with a wrong or missing slot."""
    known: Mapping[str, Collection[str]] = {
        "phases": configuration.phases,
        "personas": configuration.personas,
        "interests": configuration.interests.topics if configuration.interests else (),
    }
    titles = {"phases": "phase", "personas": "persona", "interests": "topic"}
    sections: Mapping[str, Mapping[str, Any]] = {"content": configuration.content, "offers": configuration.offers}
    for section, entries in sections.items():
        for key, one in entries.items():
            for kind, names in known.items():
                for n, name in enumerate(getattr(one, kind)):
                    if name not in names:
                        path = (section, key, kind, n)
                        yield path, f"there is no {titles[kind]} {name!r}; known: {listed(names, name)}"
            if section == "offers" and (one.placement == "slot") != (one.slot is not None):
                yield (
                    (section, key, "slot"),
                    "is required for the placement slot, and not allowed for any other placement",
                )
