"""A lead with a long history: old events are folded into a checkpoint without any effect on results."""

import pytest

from adapters.runtime.settings import TriggerSettings, settings
from adapters.store import load_lead
from adapters.store.load_lead import load_merged_lead
from adapters.store.reconciliation import reconcile
from ripen.storage.ledger import RECORD_KEY
from ripen.times import DAY, HOUR, MINUTE, SECOND
from stories import START, identified, tracked, viewed
from trigger.act import act
from trigger.work_item import WorkItem

LATER = START + 10 * DAY


@pytest.fixture
def settled(nurturing):
    """Thirty page views on as many hours, ten days ago, and one today."""
    for n in range(30):
        nurturing.track(viewed("/en/solutions/mills", START + n * HOUR), at=START + n * HOUR)
    nurturing.live(viewed("/", LATER), at=LATER)
    assert checkpoint(nurturing)
    return nurturing


def checkpoint(site, who="ann"):
    return load_merged_lead("ripen", f"a:{who}", LATER, recent=True).checkpoint


def read(site, monkeypatch, act):
    """The sort keys of the events that are read during a call."""
    found = []

    def read_items(items):
        found.extend(item["sk"] for item in items)
        return original(items)

    original = load_lead.read_items
    with monkeypatch.context() as patch:
        patch.setattr(load_lead, "read_items", read_items)
        act()
    return found


def as_from_scratch(site, who="ann"):
    """The record that a fold of everything gives."""
    before = site.record(who)
    site.dynamodb.delete_item(TableName="ripen", Key={"pk": {"S": f"a:{who}"}, "sk": {"S": "K"}})
    site.streamed.clear()
    site.score(LATER + HOUR)
    after = site.record(who)
    return {name: value for name, value in before.items() if name != "settled"}, {
        name: value for name, value in after.items() if name != "settled"
    }


def test_only_new_events_are_read(settled, monkeypatch):
    settled.track(viewed("/en/guides/first", LATER + HOUR), at=LATER + HOUR)

    keys = read(settled, monkeypatch, lambda: settled.score(LATER + HOUR))

    assert len(keys) == 2
    before, after = as_from_scratch(settled)
    assert before == after
    assert after["events"] == 32


def test_an_event_that_is_days_late_is_counted(settled):
    points = settled.record()["scores"]["engagement"]

    settled.live(tracked("Tool Used", START + 2 * HOUR + 1), at=LATER + HOUR)

    assert settled.record()["events"] == 32
    assert settled.record()["scores"]["engagement"] != points
    before, after = as_from_scratch(settled)
    assert before == after


def test_an_old_event_that_the_stream_lost_is_found_by_a_comparison(settled):
    settled.track(tracked("Tool Used", START + 2 * HOUR + 1), at=LATER + HOUR)

    *_, walk = reconcile("ripen", LATER + HOUR)
    now = LATER + HOUR + MINUTE
    act(settings(TriggerSettings), WorkItem("a:ann", RECORD_KEY, "somebody", lambda: now, lambda: MINUTE))

    assert walk.found == 1

    assert settled.record()["events"] == 32


def test_a_checkpoint_that_no_record_names_is_ignored(settled):
    key = {"pk": {"S": "a:ann"}, "sk": {"S": "K"}}
    stale = settled.dynamodb.get_item(TableName="ripen", Key=key)["Item"]
    settled.live(tracked("Tool Used", START + 2 * HOUR + 1), at=LATER + HOUR)

    settled.dynamodb.put_item(TableName="ripen", Item=stale)
    settled.live(viewed("/", LATER + 2 * HOUR), at=LATER + 2 * HOUR)

    assert settled.record()["events"] == 33


def test_a_lead_that_gives_an_address_is_read_completely(settled, monkeypatch):
    settled.track(identified(LATER + HOUR, email="ann@example.com"), at=LATER + HOUR)

    keys = read(settled, monkeypatch, lambda: settled.score(LATER + HOUR))

    assert len(keys) > 31
    assert settled.record()["address"]["key"]


def test_a_checkpoint_expires_with_the_first_of_its_events(settled):
    [kept] = [item for item in settled.items() if item["sk"]["S"] == "K"]
    oldest = min(int(item["ttl"]["N"]) for item in settled.items() if item["sk"]["S"].startswith("E#"))

    assert oldest - DAY // SECOND < int(kept["ttl"]["N"]) <= oldest


def test_new_rules_cause_a_full_fold(settled, rule_files):
    before = settled.record()["scores"]["engagement"]
    doubled = rule_files["rules/scoring.yaml"].replace(b"cap_per_day: 20", b"cap_per_day: 60")

    settled.publish({"rules/scoring.yaml": doubled}, LATER + HOUR)
    settled.live(viewed("/", LATER + 2 * HOUR), at=LATER + 2 * HOUR)

    assert settled.record()["scores"]["engagement"][1] > before[1] + 5
