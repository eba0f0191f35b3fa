"""Leads with more events than can be folded: the newest count, the oldest settle or are left out."""

import pytest

from adapters.rules.active import active_rules
from adapters.runtime.settings import ScoreSettings, settings
from adapters.store import load_lead, merge_writes
from adapters.store.load_lead import load_merged_lead
from adapters.store.reconciliation import reconcile
from integration.people import ANN, enough
from ripen.leads.proof import Proof
from ripen.storage import checkpoint
from ripen.storage.ledger import CHECKPOINT_KEY
from ripen.times import DAY, HOUR, MINUTE
from services import refresh as leads
from services.refresh import FoldRequest, refresh
from stories import START, identified, tracked, viewed

LATER = START + 10 * DAY
ROOM = 20


@pytest.fixture
def small(monkeypatch):
    """Sets a limit at which only twenty events are folded; each weighs at least 500 bytes."""
    monkeypatch.setattr(load_lead, "MAX_FOLDED", ROOM * 500)
    monkeypatch.setattr(checkpoint, "HEAVY", ROOM * 500 // 10)


def seen(site, first, count, who="ann"):
    for n in range(count):
        at = first + n * HOUR
        site.track(viewed("/en/solutions/mills", at, who=who), at=at)


@pytest.mark.usefixtures("small")
def test_only_the_newest_events_count_and_a_metric_reports_it(nurturing, metrics):
    seen(nurturing, START, 50)

    nurturing.score(START + 50 * HOUR)

    tree = load_merged_lead("ripen", "a:ann", START + 50 * HOUR)
    assert nurturing.record()["events"] == len(tree.events) == ROOM
    assert min(event.at for event in tree.events) == START + 30 * HOUR
    assert not tree.seen["a:ann"].whole
    assert metrics()["LeadOutgrown"] == 1


@pytest.mark.usefixtures("small")
def test_older_events_are_not_read(nurturing, monkeypatch):
    seen(nurturing, START, 200)
    read = []
    monkeypatch.setattr(load_lead, "weight", lambda item, weigh=load_lead.weight: read.append(item) or weigh(item))

    load_merged_lead("ripen", "a:ann", LATER)

    assert len(read) == ROOM + 1


@pytest.mark.usefixtures("small")
def test_the_newest_events_over_all_subjects_of_a_lead_count(nurturing):
    for who, later in (("ann", 0), ("bob", 30 * MINUTE)):
        seen(nurturing, START + later, 10, who=who)
        nurturing.score(START + 10 * HOUR)
    ann, bob = (load_merged_lead("ripen", f"a:{who}", LATER).record for who in ("ann", "bob"))
    merge_writes.join("ripen", merge_writes.Merge(ann, bob, Proof.SERVER), [], START + 10 * HOUR)
    seen(nurturing, START + DAY, 6)

    tree = load_merged_lead("ripen", "a:ann", LATER)

    assert {subject: len(events) for subject, events in tree.ledgers.items()} == {"a:ann": 13, "a:bob": 7}
    assert not any(one.whole for one in tree.seen.values())


@pytest.mark.usefixtures("small")
def test_new_events_of_a_large_lead_are_noticed_and_a_scan_does_not_refold_it(nurturing):
    seen(nurturing, START, 50)
    now = START + 50 * HOUR
    nurturing.score(now)
    found = refresh(settings(ScoreSettings), FoldRequest("a:ann", active_rules(nurturing.bucket, now), now))

    assert leads.unchanged("ripen", found)
    assert list(reconcile("ripen", now))[-1].found == 0
    nurturing.track(tracked("Signed Up", now), at=now)
    assert not leads.unchanged("ripen", found)


@pytest.mark.usefixtures("small")
def test_events_that_settled_before_the_limit_still_count(nurturing, metrics):
    seen(nurturing, START, 6)
    nurturing.score(START + 6 * HOUR)
    for day in range(1, 12):
        seen(nurturing, START + day * DAY, 3)
        nurturing.score(START + day * DAY + 5 * HOUR)

    tree = load_merged_lead("ripen", "a:ann", START + 12 * DAY, recent=True)
    assert tree.checkpoint is not None
    assert nurturing.record()["events"] == 6 + 11 * 3
    assert tree.seen["a:ann"].whole
    assert "LeadOutgrown" not in metrics()


@pytest.mark.usefixtures("small")
def test_a_lead_beyond_the_limit_settles_and_is_reported_once(nurturing, metrics):
    seen(nurturing, START, 60)
    nurturing.score(START + 60 * HOUR)
    assert metrics()["LeadOutgrown"] == 1

    nurturing.live(viewed("/", LATER), at=LATER)
    first = metrics()
    nurturing.live(viewed("/", LATER + HOUR), at=LATER + HOUR)

    tree = load_merged_lead("ripen", "a:ann", LATER + HOUR, recent=True)
    assert tree.checkpoint is not None
    assert len(tree.events) < ROOM
    assert not tree.seen["a:ann"].whole
    assert list(reconcile("ripen", LATER + HOUR))[-1].found == 0
    assert first.get("LeadOutgrown", 0) <= 1
    assert "LeadOutgrown" not in metrics()


def test_a_checkpoint_that_would_be_too_large_is_not_written(nurturing, monkeypatch):
    monkeypatch.setattr(checkpoint, "MOST_BYTES", 100)
    seen(nurturing, START, 30)
    nurturing.live(viewed("/", LATER), at=LATER)

    assert nurturing.keys(CHECKPOINT_KEY) == []
    assert nurturing.record()["events"] == 31


def test_an_ordinary_lead_is_read_completely(nurturing):
    nurturing.live(identified(START, email=ANN), *enough("ann"), at=START)

    assert all(one.whole for one in load_merged_lead("ripen", "a:ann", LATER).seen.values())
