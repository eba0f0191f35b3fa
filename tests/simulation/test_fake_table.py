"""The fake table behaves like moto's for every DynamoDB operation of the adapters."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

import template
from adapters.delivery import notification_digest, send_limits
from adapters.dynamodb import table
from adapters.dynamodb.attributes import attributes
from adapters.identity import address_items
from adapters.reports import rollup
from adapters.runtime import clients
from adapters.store import intents, lead_records, merge_writes, quarantine, reconciliation
from adapters.store.load_lead import load_merged_lead
from adapters.tracking import mail_replies, network_counters
from adapters.tracking.mail_replies import Reply
from ripen.config.schema.mailing import Unproven
from ripen.errors import VersionConflictError
from ripen.events.event import RIPEN, Event, Received
from ripen.events.networks import Place
from ripen.events.rate_limits import NewAddresses
from ripen.events.sources import Source
from ripen.leads.proof import Proof
from ripen.leads.suppression import shortened
from ripen.storage.intents import ClaimContext, SendClaim
from ripen.storage.lead_record import Record
from ripen.storage.ledger import Unreadable, due_shard, event_items
from ripen.storage.reconciliation import scan_everywhere
from ripen.times import DAY, HOUR, MINUTE
from simulation.fake_table import FakeTable
from simulation.wire import Wire
from unit.leads import rules

LEAD, OTHER, VISITOR = "a:ann", "a:bob", "a:cem"
KEY = "S#welcome#mail#1"


def event(number, subject=LEAD):
    return Received(subject, number, number, Event(f"m{number}", "Seen", number, "website"))


def own(told):
    return Received(LEAD, 3, 3, Event("same", "Email Sent", 3, RIPEN, properties={"told": told}))


def put(*received):
    table.put_items("ripen", event_items(received, 1))


def claim(holder, until, version=3, address_key=""):
    decided = ClaimContext(LEAD, version, (OTHER, LEAD), address_key, bool(address_key), bool(address_key))
    return intents.claim_intent("ripen", decided, KEY, SendClaim(holder, until, 9_000, "mail", False, {"mail": "x"}))


def outcome(status, number):
    [item] = event_items([event(number)], 1)
    return intents.end_intent("ripen", intents.Ending(LEAD, KEY, status, item))


def history():
    """Runs every operation with each of its outcomes; yields the answers in order."""
    put(event(1))
    put(*(event(n) for n in range(2, 12)), event(12, OTHER))
    for told in ("first", "first", "second"):
        put(own(told))
    for n in range(20, 30):
        put(event(n))
    yield load_merged_lead("ripen", LEAD, 0)
    yield load_merged_lead("ripen", "nobody", 0)
    lead_records.mark_due("ripen", LEAD, 100)
    yield load_merged_lead("ripen", LEAD, 0).record
    yield saved(Record(LEAD, 2, "too early", None))
    yield saved(Record(LEAD, 1, "first", 50))
    yield saved(Record(LEAD, 1, "too late", None))
    yield saved(Record(LEAD, 2, "second", 60))
    yield load_merged_lead("ripen", LEAD, 0).record
    for n in range(10):
        yield saved(Record(f"{LEAD}{n}", 1, "", 100 - n))
    yield [list(lead_records.find_due("ripen", shard, now)) for now in (50, 95, 100) for shard in "01234567"]
    lead_records.postpone("ripen", lead_records.Due(LEAD, "P", 59), 200)
    lead_records.postpone("ripen", lead_records.Due(f"{LEAD}1", "P", 99), 200)
    yield list(lead_records.find_due("ripen", due_shard(LEAD), 100))
    for due_at in (59, 200):
        lead_records.disarm("ripen", f"{LEAD}1", due_at)
        yield load_merged_lead("ripen", f"{LEAD}1", 0).record.due_at
    yield saved(Record(LEAD, 3, "third", None))
    yield list(lead_records.find_due("ripen", due_shard(LEAD), 100))
    yield from addresses()
    yield from claims()
    yield from history_of_quarantine()
    yield from history_of_scans()
    table.put_text("ripen", "C#x", "text")
    yield [table.get_text("ripen", key) for key in ("C#x", "C#y")]
    yield load_merged_lead("ripen", LEAD, 0)
    yield from history_of_figures()


def claims():
    yield [table.put_new("ripen", item) for item in event_items([event(1, "u:7")], 1) * 2]
    yield outcome("sent", 40)
    yield claim("me", 70, version=2)
    yield [claim("me", 70, address_key=key) for key in ("I#y", "I#z")]
    yield load_merged_lead("ripen", LEAD, 0, claims=True)
    yield [claim("me", 70, 3, "I#x"), claim("you", 70), claim("me", 70, 4)]
    yield load_merged_lead("ripen", LEAD, 0, claims=True), intents.open_claim("ripen", LEAD, KEY)
    yield list(lead_records.find_due("ripen", due_shard(LEAD), 100))
    lead_records.postpone("ripen", lead_records.Due(LEAD, KEY, 70), 80)
    for holder in ("you", "me", "me"):
        intents.release_intent("ripen", LEAD, KEY, holder)
        yield list(lead_records.find_due("ripen", due_shard(LEAD), 100))
    yield intents.open_claim("ripen", LEAD, KEY)
    yield claim("you", 90, 4)
    for holder in ("me", "you"):
        intents.postpone_intent("ripen", LEAD, KEY, holder, 85)
        yield intents.open_claims("ripen", LEAD)
    yield claim("you", 90, 5)
    yield [outcome("unconfirmed", 41), outcome("unconfirmed", 42), outcome("sent", 43), outcome("refused", 44)]
    yield list(lead_records.find_due("ripen", due_shard(LEAD), 100))
    yield claim("you", 95, 6)
    for answer, at in (("unsubscribed", 5), ("confirmed", 5), ("confirmed", 6), ("unsubscribed", 7), ("bounced", 1)):
        address_items.suppress("ripen", shortened("I#x"), answer, at)
        yield address_items.suppressions_of("ripen", "I#x")
        checks = [address_items.accepts_mail("ripen", "I#x", marketing=marketing) for marketing in (True, False)]
        yield [refusable(lead_records.transact, [check]) for check in checks]
    said = (None, Reply("x", "unsubscribed", 9))
    yield [mail_replies.keep_reply("ripen", item, reply) for item in kept() for reply in said]
    yield [mail_replies.keep_reply("ripen", item, Reply("y", "confirmed", 9)) for item in kept()]
    yield [address_items.suppressions_of("ripen", f"I#{digest}") for digest in "xy"]


def kept():
    """An event of a lead, and one of a subject without a lead."""
    return event_items([event(60), event(60, "a:nobody")], 1)


def addresses():
    """Claimants and owners of an address."""
    for owner in (LEAD, OTHER):
        news = [address_items.claiming("ripen", "I#x", owner, 5), address_items.owning("ripen", "I#x", owner)]
        yield refusable(lead_records.transact, news)
    yield [address_items.owner_of("ripen", key) for key in ("I#x", "I#y")]
    yield address_items.claimants("ripen", "I#x")
    lead_records.transact([address_items.claiming("ripen", "I#x", OTHER, 5)])
    yield address_items.claimants("ripen", "I#x")
    for subject in (OTHER, LEAD):
        address_items.release_address("ripen", "I#x", subject)
        yield address_items.claimants("ripen", "I#x"), address_items.owner_of("ripen", "I#x")
    yield [
        address_items.suppressions_of("ripen", "I#x"),
        lead_records.has_events("ripen", LEAD),
        lead_records.has_events("ripen", "-"),
    ]
    for record in (Record(LEAD, 3, "", None), Record("a:nobody", 0, "", None), Record("a:none", 1, "", None)):
        yield refusable(lead_records.transact, [lead_records.still_there("ripen", record, event_items([event(1)], 1))])
    yield saved(Record(f"{LEAD}0", 2, "", None))
    for version in (1, 2):
        yield lead_records.drop("ripen", f"{LEAD}0", version)
        yield load_merged_lead("ripen", f"{LEAD}0", 0).record
    lead_records.transact([address_items.claiming("ripen", "I#x", LEAD, 5), address_items.owning("ripen", "I#x", LEAD)])


def history_of_quarantine():
    for content in ({"data": "["}, {"zip": b"no"}, {"count": 3}):
        put_raw("E#broken", **content)
        yield quarantine.quarantine("ripen", Unreadable(LEAD, "E#broken", "why"), 100)
        [found] = quarantine.find_quarantined("ripen")
        yield found, quarantine.restore("ripen", found)
    put_raw("X#broken", data="[]", reason="why", due_shard="aside", due_at="2026")
    yield [quarantine.quarantine("ripen", Unreadable(LEAD, key, "why"), 100) for key in ("E#broken", found_key())]
    put_raw("E#broken", data="[]")
    [found] = quarantine.find_quarantined("ripen")
    yield found, quarantine.restore("ripen", found)
    clients.client("dynamodb").delete_item(TableName="ripen", Key=attributes({"pk": LEAD, "sk": "E#broken"}))
    yield quarantine.restore("ripen", found), list(quarantine.find_quarantined("ripen"))


def history_of_scans():
    yield reconciliation.load_scans("ripen")
    walk = reconciliation.save_scan("ripen", scan_everywhere(100))
    yield walk, reconciliation.save_scan("ripen", scan_everywhere(100)), reconciliation.save_scan("ripen", walk)
    yield reconciliation.load_scans("ripen")
    yield {walk.items for walk in reconciliation.reconcile("ripen", 1) if walk.ended}


def put_raw(key, **content):
    item = attributes({"pk": LEAD, "sk": key, "ttl": 9_000, **content})
    clients.client("dynamodb").put_item(TableName="ripen", Item=item)


def found_key():
    """The key of a readable item."""
    return event_items([event(1)], 1)[0]["sk"]


def history_of_figures():
    """Like `history`, for adapters/reports/rollup.py."""
    views = [Event(f"v{n}", "Page Viewed", n * MINUTE, "website", properties={"path": "/"}) for n in range(3)]
    for view in views:
        put(Received(VISITOR, view.at, view.at, view))
    yield rollup.report_visits(rollup.Reporter("ripen", VISITOR, rules()), views[:2], Record(VISITOR, 0, "", None), 0)
    yield rollup.open_hours("ripen")
    rollup.end_hours("ripen", 0, 2 * HOUR)
    rollup.end_hours("ripen", 0, HOUR)
    found = rollup.open_hours("ripen")
    yield [
        found,
        rollup.report_visits(rollup.Reporter("ripen", OTHER, rules()), views[:1], Record(OTHER, 0, "", None), 0),
    ]
    items = list(rollup.visits_of("ripen", 0, 0))
    yield [items, list(rollup.visits_of("ripen", HOUR, 0))]
    yield [rollup.finish_visit("ripen", item, rules(), 0) for item in items]
    yield list(rollup.visits_of("ripen", 0, 0))
    yield rollup.finish_visit("ripen", items[0] | {"seen": 99}, rules(), 0)
    rollup.close_hour("ripen", 0, "another mark")
    yield rollup.open_hours("ripen")
    rollup.close_hour("ripen", 0, found.marks[0])
    yield rollup.open_hours("ripen")
    total = rollup.read_figures(items[0])
    yield [rollup.save_hour("ripen", 0, total, version) for version in (0, 0, 2, 1)]
    yield [rollup.load_hour("ripen", 0), rollup.load_hour("ripen", HOUR), rollup.read_day("ripen", "1970-01-01")]


def saved(record, *others):
    return refusable(lead_records.save, "ripen", record, *others)


def merges():
    """Runs every change of a merged lead with each of its outcomes; yields the answers in order."""
    put(*(event(n) for n in range(1, 8)))
    put(event(8, OTHER))
    put(event(9, "u:7"))
    yield saved(Record(LEAD, 1, "first", None))
    none, new = Record(OTHER, 0, "", None), Record("u:7", 0, "", None)
    yield merged(Record(LEAD, 2, "", None), none)
    yield load_merged_lead("ripen", OTHER, 0)
    yield merged(Record(LEAD, 1, "", None), none)
    yield load_merged_lead("ripen", OTHER, 0)
    yield merged(new, Record(LEAD, 2, "", None))
    yield [load_merged_lead("ripen", subject, 0) for subject in ("u:7", LEAD, OTHER)]
    yield [list(lead_records.find_due("ripen", shard, 50)) for shard in "01234567"]
    lead_records.mark_due("ripen", OTHER, 20)
    yield [list(lead_records.find_due("ripen", shard, 50)) for shard in "01234567"]
    yield [lead_records.root_of("ripen", subject) for subject in (OTHER, "nobody")]
    tree = load_merged_lead("ripen", OTHER, 0)
    yield unmerged(tree, tree.edges[0]._replace(version=7))
    yield unmerged(tree, tree.edges[0])
    yield unmerged(tree, tree.edges[0])
    yield [load_merged_lead("ripen", subject, 0) for subject in ("u:7", LEAD, OTHER)]
    lead_records.transact([address_items.owning("ripen", "I#x", LEAD)])
    root = load_merged_lead("ripen", LEAD, 0).record
    winner = Record("u:9", 0, "", None)
    for owner in (OTHER, LEAD, LEAD):
        transfer = merge_writes.Transfer("I#x", owner, root, "u:7", winner)
        yield refusable(merge_writes.take_address, "ripen", transfer, 60)
    yield address_items.owner_of("ripen", "I#x")


def merged(parent, child):
    told = event_items([event(30, parent.subject)], 1)
    return refusable(merge_writes.join, "ripen", merge_writes.Merge(parent, child, Proof.LINK), told, 40)


def unmerged(tree, edge):
    return refusable(merge_writes.part, "ripen", tree, edge, event_items([event(31, edge.child)], 1), 50)


def refusable(write, *arguments):
    try:
        return write(*arguments)
    except VersionConflictError as error:
        return str(error)


def counters():
    """Runs every operation of the counters with each of its outcomes; yields the answers in order."""
    limits = Unproven(per_day=1, overall=3, per_hour=2)
    saved(Record(LEAD, 1, "first", None))
    brake = send_limits.unproven_limit("ripen", "B#x", limits, 5, DAY)
    yield brake, [counted(brake, n) for n in (1, 2)]
    for now, version in ((6, 2), (DAY + 6, 2), (2 * DAY + 7, 3)):
        brake = send_limits.unproven_limit("ripen", "B#x", limits, now, DAY)
        yield brake, counted(brake, version)
    send_limits.uncount("ripen", brake)
    yield send_limits.unproven_limit("ripen", "B#x", limits, 2 * DAY + 7, DAY)
    send_limits.release_mailbox("ripen", "ann@example.com", b"secret")
    send_limits.uncount("ripen", brake._replace(key="B#y"))
    yield send_limits.unproven_limit("ripen", "B#y", limits, 7, DAY)
    source = Source("website", trusted=False, addresses_per_network_and_hour=2)
    for digest in ("one", "two", "one", "three", "two"):
        known = NewAddresses()
        yield (
            network_counters.is_one_too_many("ripen", known, source, HERE, digest),
            sorted(known.known("website", HERE)),
        )
    yield from history_of_digests()


def counted(brake, version):
    claim = SendClaim("me", 70, 9_000, "mail", False, {})
    return intents.claim_intent(
        "ripen", ClaimContext(LEAD, version, (LEAD,)), f"S#c#s#{version}", claim, brake.counting
    )


def history_of_digests():
    pk = f"{notification_digest.PREFIX}sales"
    for _ in range(3):
        actions = [notification_digest.counting("ripen", "sales", 2, 5)]
        yield clients.succeeds(clients.client("dynamodb").transact_write_items, TransactItems=actions)
    yield [notification_digest.notices_in("ripen", "sales", now) for now in (5, HOUR)]
    yield notification_digest.lock_digest("ripen", pk, "me", 5, 10)
    for n in (1, 2, 1):
        notification_digest.keep_waiting(
            "ripen", "sales", notification_digest.DigestEntry(f"a:{n}", "c_s_1", 5, {"name": "Ann"}), 6
        )
    yield [
        notification_digest.lock_digest("ripen", pk, holder, now, 10)
        for holder, now in (("me", 5), ("you", 9), ("you", 10))
    ]
    waiting = list(notification_digest.waiting("ripen", pk))
    notification_digest.delete_told("ripen", pk, waiting[:1])
    yield waiting, list(notification_digest.waiting("ripen", pk)), notification_digest.kept_so_far("ripen", pk)
    yield [list(lead_records.find_due("ripen", due_shard(pk), now)) for now in (HOUR - 1, HOUR)]
    yield [notification_digest.end_digest("ripen", pk, holder, kept) for holder, kept in (("me", 3), ("you", 2))]
    for holder in ("me", "you"):
        notification_digest.unlock_digest("ripen", pk, holder, 50)
        yield list(lead_records.find_due("ripen", due_shard(pk), 50))
    yield (
        notification_digest.lock_digest("ripen", pk, "me", 50, 60),
        notification_digest.end_digest("ripen", pk, "me", 3),
    )
    yield list(lead_records.find_due("ripen", due_shard(pk), 50))


HERE = Place("here", 0)


@pytest.mark.parametrize("story", [history, merges, counters])
def test_the_fake_answers_as_moto_does(new_process, monkeypatch, story):
    with mock_aws():
        boto3.client("dynamodb").create_table(TableName="ripen", **template.table_definition(template.load()))
        real = list(story())
    fake = FakeTable()
    clients.use("dynamodb", Wire("dynamodb", fake))

    assert list(story()) == real


def test_an_expression_that_the_fake_does_not_know_is_an_error():
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    for unknown in (
        lambda fake: fake.put_item("ripen", item, ConditionExpression="attribute_exists(sk)"),
        lambda fake: fake.update_item("ripen", item, UpdateExpression="ADD n :one", ExpressionAttributeValues={}),
        lambda fake: fake.query("ripen", KeyConditionExpression="pk > :pk", ExpressionAttributeValues={}),
    ):
        with pytest.raises(NotImplementedError):
            unknown(FakeTable())
