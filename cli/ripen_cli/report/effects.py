"""Computes the results of campaigns: reads and folds every lead, a few in parallel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from adapters.store.all_leads import leads
from adapters.store.load_lead import load_merged_lead
from ripen.errors import VersionConflictError
from ripen.fold.fold import fold
from ripen.fold.rules import Rules, compile_active
from ripen.reports.uplift import Effect, GroupResult, add_up, effects_of
from ripen_cli.deployment import Deployment
from ripen_cli.reading import active_configuration
from ripen_cli.report.achieved import Achieved
from ripen_cli.report.days import Days

_AT_ONCE = 8
"""Leads read in parallel; a boto3 client has ten connections."""

_TELL_EVERY = 1_000


def read(deployment: Deployment, days: Days, now: int, tell: Callable[[int], None]) -> list[Achieved]:
    """The results of every active campaign for starts on these days, most starts first, at `now` (milliseconds).

    `tell` is called with the number of leads read, at intervals and at the end. Raises click.ClickException if no rules
    are active.
    """
    active = active_configuration(deployment)
    rules = compile_active(active)
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
        except VersionConflictError:  # a merge is in progress; the merged lead is read separately
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
