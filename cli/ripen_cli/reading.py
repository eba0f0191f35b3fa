"""A lead as it is in a deployment: found by id or address, folded by the very code that runs in Lambda."""

from __future__ import annotations

from dataclasses import dataclass

import click

from adapters import records
from adapters.active import stored
from adapters.addresses import key_of
from adapters.loading import load_tree
from ripen.configuration import ActiveConfiguration, Configuration
from ripen.event import Event
from ripen.fold import fold
from ripen.lead import Lead
from ripen.rules import compile_rules
from ripen.tree import Tree
from ripen_cli.deployment import Deployment

PREFIXES = ("a:", "u:")


@dataclass(frozen=True, slots=True)
class Reading:
    """A lead with the events and the rules that it was made of, and how it lies in the table."""

    lead: Lead
    events: list[Event]
    configuration: Configuration
    tree: Tree


def read_lead(deployment: Deployment, who: str, now: int, at: int | None = None) -> Reading:
    """The lead of an anonymousId, a userId or an address, as it is `now` or was `at` (milliseconds).

    Raises click.ClickException when there is none, or no rules are active.
    """
    active = active_configuration(deployment)
    tree = next((tree for subject in _subjects(deployment, who) if (tree := _tree(deployment, subject, now))), None)
    if tree is None:
        raise click.ClickException(f"nothing is known about {who!r}; give an anonymousId, a userId or an address")
    events = [event for event in tree.events if at is None or event.at <= at]
    if not events:
        raise click.ClickException(f"{who!r} had done nothing yet at that time")
    rules = compile_rules(active.configuration, active.version)
    lead = fold(tree.record.subject, events, rules, now if at is None else at)
    return Reading(lead, events, active.configuration, tree)


def active_configuration(deployment: Deployment) -> ActiveConfiguration:
    """The rules that are active. Raises click.ClickException when none are."""
    active = stored(deployment.rules_bucket)
    if active is None:
        raise click.ClickException("no rules are active; upload them to the rules bucket first")
    return active


def _subjects(deployment: Deployment, who: str) -> list[str]:
    if who.startswith(PREFIXES):
        return [who]
    if key := key_of(deployment.address_secret, who) if "@" in who else "":
        owner = records.identity_of(deployment.table, key).owner
        if owner:
            return [owner]
    return [f"{prefix}{who}" for prefix in PREFIXES]


def _tree(deployment: Deployment, subject: str, now: int) -> Tree | None:
    tree = load_tree(deployment.table, subject, now)
    return tree if tree.events else None
