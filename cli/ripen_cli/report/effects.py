"""What campaigns achieved, read from the table: every lead is folded, a few at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from adapters.store.all_leads import leads
from adapters.store.load_lead import load_merged_lead
from ripen.errors import VersionConflictError
from ripen.fold.fold import fold
from ripen.fold.rules import Rules, compile_rules
from ripen.reports.uplift import Effect, GroupResult, add_up, effects_of
from ripen_cli.deployment import Deployment
from ripen_cli.reading import active_configuration
from ripen_cli.report.achieved import Achieved
from ripen_cli.report.days import Days

_AT_ONCE = 8
"""Leads that are read at the same time; a client of AWS has ten connections."""

_TELL_EVERY = 1_000


def read(deployment: Deployment, days: Days, now: int, tell: Callable[[int], None]) -> list[Achieved]:
    """Every campaign of the active rules with its starts on these days, most first, as of `now` (milliseconds).

    `tell` is called with the number of leads that were read, every now and then and at the end. Raises
    click.ClickException when no rules are active.
    """
    active = active_configuration(deployment)
    rules = compile_rules(active.configuration, active.version)
    found = add_up(_each(deployment.table, rules, days, now, tell))
    nothing = Effect(GroupResult(), GroupResult(), Counter(), Counter())
    achieved = [
        Achieved(name, campaign.title, campaign.goal is not None, found.get(name, nothing))
        for name, campaign in active.configuration.campaigns.items()
    ]
    return sorted(achieved, key=lambda one: -one.effect.treated.starts - one.effect.control.starts)


def _each(
    table: str, rules: Rules, days: Days, now: int, tell: Callable[[int], None]
) -> Iterator[Mapping[str, Effect]]:
    def effects(subject: str) -> Mapping[str, Effect]:
        try:
            tree = load_merged_lead(table, subject, now)
        except VersionConflictError:  # it is being merged, and the lead that it becomes part of is read as well
            return {}
        if not tree.events or tree.record.subject != subject:
            return {}
        events = tree.events
        return effects_of(fold(subject, events, rules, now), events, days.since, days.until)

    done = told = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for page in leads(table):
            yield from pool.map(effects, page)
            done += len(page)
            if done - told >= _TELL_EVERY:
                tell(done)
                told = done
    tell(done)
