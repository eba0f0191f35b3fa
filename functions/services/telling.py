"""Tell other systems, on the event bus, what happened to a lead.

The news is told before the record that marks it as told is written. A crash in between tells it once more, with equal
ids; whatever was not told stays news for the next fold, for which the record is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.delivery.event_bus import put_events
from adapters.runtime.settings import ScoreSettings, TriggerSettings
from ripen.crm.events import entry, erasure_event, event_of
from ripen.crm.news import Told, erased, find_news
from ripen.fold.rules import Rules
from ripen.leads.lead import Lead
from ripen.storage.merged_lead import MergedLead
from ripen.times import MINUTE

_AGAIN_AFTER = 5 * MINUTE


class TellingResult(NamedTuple):
    """The `marks` of what was told, for the record, and the moment (ms) to try again; None if nothing is left."""

    marks: Mapping[str, Any]
    again_at: int | None = None


def tell_systems(
    settings: ScoreSettings | TriggerSettings, tree: MergedLead, lead: Lead, rules: Rules, *, owned: bool
) -> TellingResult:
    """Tell what is new about a folded lead; `owned` is true if it owns its address. Without a bus, nothing is told."""
    told = Told.load(tree.record.crm)
    if not settings.event_bus_name:
        return TellingResult(told.dump())
    known = owned and lead.proof.is_proof
    news = find_news(lead, tree.events, told, rules.trusted, known=known)
    if not news:
        return TellingResult(told.dump())
    version = tree.record.version + 1
    entries = [entry(settings.event_bus_name, event_of(one, lead, rules.people, version)) for one in news]
    taken = put_events(entries, lead.now)
    # Of phases, only what was told last is remembered: those after one that was not taken are told again.
    done = [one for one, was in zip(news, taken, strict=True) if was]
    missed = [one.at for one, was in zip(news, taken, strict=True) if not was and one.move is not None]
    done = [one for one in done if one.move is None or not missed or one.at < min(missed)]
    return TellingResult(told.plus(done).dump(), None if all(taken) else lead.now + _AGAIN_AFTER)


def tell_erasure(bus: str, subject: str, crm: Mapping[str, Any], now: int) -> bool:
    """Tell that a lead is erased, before it is. Nobody is told of a lead of which nothing was told (`crm`).

    False if the bus does not take the event: the lead must not be erased yet, or nobody would hear of it.
    """
    return not (bus and crm) or put_events([entry(bus, erasure_event(erased(subject), subject, now))], now) == [True]
