"""The simulator can fail: it finds planted bugs, each by the invariant that the bug breaks."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from adapters.dynamodb import table
from adapters.runtime import clients
from adapters.runtime.settings import ScoreSettings
from adapters.store.load_lead import load_merged_lead
from ripen.campaigns.state import CampaignState
from ripen.crm import news
from ripen.events.event import Event, Received
from ripen.fold.runs import on_signal
from ripen.storage.checkpoint import Checkpoint
from ripen.storage.intents import ClaimResult
from ripen.storage.ledger import due_shard, event_items
from ripen.times import DAY, to_iso
from score.handler import _subjects
from services import refresh
from services.refresh import NOTHING_NEW, FoldRequest
from simulation import machine
from simulation.fake_table import PAGE, FakeTable
from simulation.invariants import RULES
from simulation.wire import Wire
from stories import START

# For a rare bug, the search starts near a seed that finds it.
_SINCE = {
    "adapters.store.intents.claim_intent": 236,
    "adapters.store.lead_records.unchanged": 2_343,
    "adapters.store.load_lead._checkpoint": 60,
    "adapters.store.merge_writes._unchanged": 2_216,
    "adapters.store.reconciliation.needs_refold": 100,
    "ripen.campaigns.mail_history.MailHistory.within_caps": 269,
    "ripen.campaigns.sending_hours._next_open": 295,
    "ripen.campaigns.state.CampaignState.crossed": 151,
    "ripen.crm.news._digest": 20,
    "ripen.fold.awarding.on_signal": 25,
    "ripen.fold.fold.without_undone": 781,
    "ripen.sales.state.SalesState.disqualified": 205,
    "ripen.sales.state.SalesState.held_until": 25,
    "ripen.scoring.state.ScoringState.restart": 385,
    "ripen.storage.checkpoint.Checkpoint.holds": 61,
    "ripen.storage.checkpoint._digests": 105,
    "score.handler._subjects": 353,
    "services.telling._AGAIN_AFTER": 2041,
}
# A bug that shows only between the calls of another function is found sooner if functions take turns more often. One
# that overwrites what another has written is found sooner if requests are repeated more often.
_MACHINE = {
    "adapters.store.lead_records.unchanged": {"SWITCHES": 0.6, "FAULTS": ("repeated",)},
    "adapters.store.merge_writes._unchanged": {"SWITCHES": 0.6},
}
SETTINGS, TASK = ScoreSettings("ripen", "rules", "secret", "secret", 730), FoldRequest("a:ann", RULES["v1"], START)


def claim_without_condition(name, decided, key, claim, _counting):
    known = {"channel": claim.channel, "repeatable": 0, "about": json.dumps(claim.about), "tries": 0}
    due = {"due_shard": due_shard(decided.subject), "due_at": to_iso(claim.until)}
    item = {"pk": decided.subject, "sk": key, "status": "claimed", "holder": claim.holder}
    put_unconditionally(name, item | known | due)
    return ClaimResult.CLAIMED


def breaks(broken, simulate, seed):
    """True if the seed breaks this invariant; a bug may break others first."""
    try:
        simulate(seed)
    except AssertionError as error:
        return re.search(broken, str(error)) is not None
    return False


def forget_the_oldest_event(event):
    return {subject: (number, NOTHING_NEW) for subject, (number, _) in _subjects(event).items()}


def any_checkpoint(root, _record):
    return Checkpoint.unpack(root.checkpoint["zip"]) if root.checkpoint and not root.members else None


def put_unconditionally(name, item):
    clients.client("dynamodb").put_item(TableName=name, Item=table._attributes(item))  # noqa: SLF001


def whatever_the_rules(checkpoint, rules, events, now):
    return holds(replace(checkpoint, rules=rules.version), rules, events, now)


def armed_by_each_event(campaigns, scoring, moment, *, held):
    if "ripe" in campaigns.progress:
        campaigns.progress["ripe"].matching = False
    yield from crossed(campaigns, scoring, moment, held=held)


def goals_without_effect(state, signal, moment):
    if signal.kind != "goal":
        on_signal(state, signal, moment)


holds = Checkpoint.holds
digest = news._digest  # noqa: SLF001
crossed = CampaignState.crossed


@pytest.mark.parametrize(
    ("place", "bug", "broken"),
    [
        (
            "adapters.store.lead_records.unchanged",
            lambda _version: {"ConditionExpression": ""},
            "the record differs from its ledger|websites know",
        ),
        (
            "adapters.store.merge_writes._unchanged",
            lambda _record: {"ConditionExpression": ""},
            "pointers|differs|left to merge|rest",
        ),
        ("adapters.store.intents.end_intent", lambda *_: True, "never comes to rest"),
        ("trigger.sweep.enqueue", lambda *_: [], "still due"),
        ("track.handler.put_items", lambda name, items: table.put_items(name, items[:1]), "accepted"),
        ("ripen.storage.ledger._key_id", lambda ids: ids[0], "accepted"),
        ("adapters.store.reconciliation.needs_refold", lambda *_: None, "the record differs from its ledger"),
        ("ripen.storage.lead_record._still_armed", lambda *_: True, "waits for"),
        ("adapters.reports.rollup._first_unopened", lambda *_: 0, "counted anew"),
        ("score.handler._subjects", forget_the_oldest_event, "the record differs from its ledger"),
        ("ripen.storage.checkpoint._digests", lambda _events: set(), "the record differs from its ledger"),
        ("ripen.leads.identifiers.Identifiers.subscribed", True, "mailed without a double opt-in"),
        ("ripen.people.state.PeopleState.take", lambda _state, _event: False, "was assigned to"),
        (
            "ripen.campaigns.mail_history.MailHistory.within_caps",
            lambda _mails, _rule, moment, _wished: moment,
            "too many mails",
        ),
        ("ripen.campaigns.sending_hours._next_open", lambda moment, *_: moment, "mailed at"),
        ("ripen.storage.checkpoint.Checkpoint.holds", whatever_the_rules, "a mixture of versions"),
        ("adapters.store.week_counts._KIND", {"Email Sent": "mails"}, "in the week after"),
        ("adapters.store.load_lead._checkpoint", any_checkpoint, "the record differs from its ledger"),
        ("services.telling.put_events", lambda entries, _now: [True] * len(entries), "nobody was told of"),
        ("services.telling._AGAIN_AFTER", 10_000 * DAY, "nobody was told of"),
        ("ripen.crm.news._digest", lambda *parts: digest(*parts[:3]), "one id for two things"),
        ("ripen.sales.state.SalesState.held_until", None, "handed over before its day"),
        ("ripen.sales.state.SalesState.disqualified", False, "handed over though it is disqualified"),
        ("ripen.scoring.state.ScoringState.restart", lambda *_: None, r"handed over with \d+ new points"),
        ("ripen.campaigns.state.CampaignState.crossed", armed_by_each_event, "crossings at most"),
        ("ripen.fold.awarding.on_signal", goals_without_effect, "reminded of it after the decision"),
        ("ripen.fold.fold.without_undone", lambda events: events, "is in force, not"),
    ],
    ids=[
        "saving without a condition",
        "merging without a condition",
        "writing no outcome",
        "losing due leads",
        "losing events",
        "overwriting events",
        "finding no lead in a scan",
        "never moving a timer",
        "not reopening a changed hour",
        "continuing from a checkpoint that an earlier event precedes",
        "counting the events of a checkpoint twice",
        "mailing without a double opt-in",
        "forgetting the rep of a lead",
        "ignoring caps",
        "ignoring sending hours",
        "continuing from a checkpoint of other rules",
        "not counting mails and handoffs in the first week",
        "continuing from a checkpoint that the record does not name",
        "taking what other systems were not told for told",
        "never telling other systems again what the bus did not take",
        "telling other systems two things under one id",
        "not waiting for the day that sales has named",
        "handing over what sales has disqualified",
        "counting old points for the next handoff",
        "handing over again without another crossing",
        "reminding of what is decided",
        "keeping undone decisions in force",
    ],
)
def test_a_planted_bug_is_found(simulate, monkeypatch, place, bug, broken):
    monkeypatch.setattr(place, bug)
    for name, value in _MACHINE.get(place, {}).items():
        monkeypatch.setattr(machine, name, value)

    assert any(breaks(broken, simulate, seed) for seed in range(_SINCE.get(place, 0), 8_000))


def test_sending_that_ignores_the_claims_of_others_is_found(simulate, monkeypatch):
    place = "adapters.store.intents.claim_intent"
    monkeypatch.setattr(place, claim_without_condition)
    monkeypatch.setattr("adapters.store.load_lead.open_claims", lambda *_: {})

    assert any(breaks("sent twice", simulate, seed) for seed in range(_SINCE[place], 2_000))


def test_an_event_that_arrives_between_two_pages_of_a_query_is_counted(new_process, monkeypatch):
    interruptions = []

    def interrupted(_service, operation, _arguments, perform):
        answer = perform()
        if operation == "query" and interruptions:
            interruptions.pop()()
        return answer

    wire = Wire("dynamodb", FakeTable(), interrupted)
    clients.use("dynamodb", wire)
    for n in range(2 * PAGE):
        put("late", START + n)

    def another_writer_counts_an_early_event():
        put("early", START - 1)
        refresh.refresh(SETTINGS, TASK)

    interruptions.append(another_writer_counts_an_early_event)
    refresh.refresh(SETTINGS, TASK)

    record = load_merged_lead("ripen", "a:ann", 0).record
    assert f'"events":{2 * PAGE + 1}' in record.data


def put(name, at):
    event = Event(f"{name}{at}", "Webinar Attended", at, "website")
    table.put_items("ripen", event_items([Received("a:ann", at, at, event)], 1))
