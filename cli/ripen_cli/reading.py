"""Loads a lead of a deployment by id or address and folds it with the same code as in Lambda."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import click

from adapters.identity.address_items import claimants
from adapters.identity.address_keys import key_of
from adapters.rules.active import stored
from adapters.store.load_lead import load_merged_lead
from ripen.config.configuration import ActiveConfiguration, Configuration
from ripen.events.event import Event
from ripen.fold.fold import fold, new_state
from ripen.fold.rules import compile_active
from ripen.fold.runs import Upcoming, upcoming
from ripen.leads.lead import Lead
from ripen.storage.merged_lead import MergedLead
from ripen_cli.deployment import Deployment

PREFIXES = ("a:", "u:")


@dataclass(frozen=True, slots=True)
class Reading:
    """A folded lead with its events, its rules and its stored items.

    `upcoming` is what time alone brings next in campaigns. `others` are the other leads that gave the same address, if
    the lookup was by address.
    """

    lead: Lead
    events: list[Event]
    configuration: Configuration
    tree: MergedLead
    upcoming: Sequence[Upcoming] = ()
    others: Sequence[str] = ()

    @classmethod
    def of(
        cls, tree: MergedLead, events: list[Event], active: ActiveConfiguration, now: int, others: Sequence[str] = ()
    ) -> Self:
        """The lead of some of the events of `tree`, folded at `now` (milliseconds)."""
        state = new_state(compile_active(active))
        lead = fold(tree.record.subject, events, state.rules, now, state)
        return cls(lead, events, active.configuration, tree, upcoming(state), others)


def read_lead(deployment: Deployment, who: str, now: int, at: int | None = None) -> Reading:
    """The lead of an anonymousId, a userId or an address, at `now` or at an earlier `at` (milliseconds).

    Raises click.ClickException if there is no such lead, or if no rules are active.
    """
    active = active_configuration(deployment)
    found = trees_of(deployment, who, now)
    if not found:
        raise click.ClickException(f"nothing is known about {who!r}; give an anonymousId, a userId or an address")
    tree, *others = found
    events = [event for event in tree.events if at is None or event.at <= at]
    if not events:
        raise click.ClickException(f"{who!r} has no events before that time")
    return Reading.of(tree, events, active, now if at is None else at, [other.record.subject for other in others])


def trees_of(deployment: Deployment, who: str, now: int) -> list[MergedLead]:
    """The lead of an anonymousId or userId, or all leads that ever gave an address, the proven owner first."""
    found: dict[str, MergedLead] = {}
    for subject in subjects_of(deployment, who):
        if not any(subject in tree.ledgers for tree in found.values()):
            tree = load_merged_lead(deployment.table, subject, now)
            if tree.events:
                found[tree.record.subject] = tree
    return [*found.values()]


def active_configuration(deployment: Deployment) -> ActiveConfiguration:
    """The active rules. Raises click.ClickException if there are none."""
    active = stored(deployment.rules_bucket)
    if active is None:
        raise click.ClickException("no rules are active; upload them to the rules bucket first")
    return active


def subjects_of(deployment: Deployment, who: str) -> list[str]:
    """The possible subjects of an anonymousId or userId, or all subjects that ever gave an address."""
    if who.startswith(PREFIXES):
        return [who]
    key = key_of(deployment.address_secret, who) if "@" in who else ""
    if key and (subjects := claimants(deployment.table, key)):
        return subjects
    return [f"{prefix}{who}" for prefix in PREFIXES]
