"""Decides whether a new version of the rules has to wait for a yes, by its estimated effect on leads."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.store.all_leads import recent_leads
from adapters.store.load_lead import load_merged_lead
from ripen.config.configuration import ActiveConfiguration
from ripen.config.schema.approval import Approval
from ripen.errors import VersionConflictError
from ripen.fold.fold import fold
from ripen.fold.rules import Rules, compile_active
from ripen.reports.rule_effects import RuleEffects, new_kinds, rule_effects
from ripen.storage.lead_record import reach_of
from ripen.times import DAY

_RECENT = 30 * DAY
_MOST_LEADS = 500
"""The most leads that are folded under both rules; the effect on all is estimated from them."""

_MOST_EVENTS = 200_000
"""The number of events from which on no further lead is folded; two folds of so many take about ten seconds."""


def reasons_to_wait(table: str, before: ActiveConfiguration, after: ActiveConfiguration, now: int) -> list[str]:
    """The reasons for which the new version waits for a yes; none if it may go live by itself.

    The limits are those of the active version. So a change of the limits always waits.
    """
    reasons = []
    limits = before.configuration.approval
    if after.configuration.approval != limits:
        reasons.append("rules/approval.yaml: the limits change, and that always needs a yes")
    effects = estimate(table, compile_active(before), compile_active(after), now)
    if effects.concerned > limits.leads and effects.percent > limits.percent:
        reasons.append(_told(effects, limits))
    return reasons


def estimate(table: str, before: Rules, after: Rules, now: int) -> RuleEffects:
    """The effect of new rules on the leads that are due at `now` (ms) or were active in the 30 days before."""
    subjects, whole = recent_leads(table, now, now - _RECENT)
    return rule_effects(_new_kinds(table, subjects, before, after, now), len(subjects), partly=not whole)


def _new_kinds(table: str, subjects: list[str], before: Rules, after: Rules, now: int) -> Iterator[frozenset[str]]:
    events = 0
    for subject in subjects[:_MOST_LEADS]:
        try:
            tree = load_merged_lead(table, subject, now)
        except VersionConflictError:  # it is being merged
            continue
        if tree.events:
            reach = reach_of(tree.record.address)
            yield new_kinds(fold(subject, tree.events, before, now), fold(subject, tree.events, after, now), reach)
        events += len(tree.events)
        if events > _MOST_EVENTS:
            return


def _told(effects: RuleEffects, limits: Approval) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in effects.by_kind.items())
    about = "" if effects.of == effects.leads else "about "
    leads = f"{about}{effects.concerned} of {'at least ' if effects.partly else ''}{effects.leads} leads"
    allowed = f"the limit is {limits.leads} leads or {limits.percent:g} %, whichever is more"
    return f"{leads} that are due or were active in the last 30 days would newly be reached at once: {kinds}; {allowed}"
