"""Scans of the table: the leads that they find with any page breaks, and the times at which they begin."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.storage.lead_record import FoldFingerprint
from ripen.storage.ledger import NOTHING_SEEN, Seen
from ripen.storage.reconciliation import (
    CALM,
    SEGMENTS,
    Found,
    SubjectSummary,
    TableScan,
    needs_refold,
    scan_everywhere,
    scan_now,
)
from ripen.times import DAY, HOUR, MINUTE, SECOND
from stories import START

TTL = (START + 30 * DAY) // SECOND
LONG_AGO = START + 40 * DAY  # expires after everything, so that nothing counts as recent


def event(subject, n, ttl=TTL):
    return {"pk": subject, "sk": f"E#{n}", "ttl": ttl}


def record(subject, keys=(), rules="v1", **others):
    seen = {subject: seen_of(keys), **{name: Seen(count, 1) for name, count in others.items()}}
    return {"pk": subject, "sk": "P", "data": json.dumps({"rules": rules, "seen": seen})}


def seen_of(keys):
    total = NOTHING_SEEN
    for key in keys:
        total = total.plus({"sk": key})
    return total


def found(items, pages=(), rules="v1", recent=LONG_AGO):
    """The leads that a scan finds in items whose pages are cut at these positions."""
    walk, tallies = scan_everywhere(START).model_copy(update={"segments": (0,)}), []
    cuts = [0, *sorted(pages), len(items)]
    for start, end in itertools.pairwise(cuts):
        after = (items[end - 1]["pk"], items[end - 1]["sk"]) if end < len(items) else None
        walk = TableScan.model_validate_json(walk.model_dump_json())  # each minute may be another process
        walk, done = walk.on(items[start:end], after, START)
        tallies += done
    assert (walk.ended, walk.items, walk.open) == (START, len(items), None)
    return [one for tally in tallies if (one := needs_refold(tally, tally.claim, rules, recent))]


TABLE = [
    event("a:current", 1),
    event("a:current", 2),
    record("a:current", ("E#1", "E#2")),
    {"pk": "a:current", "sk": "S#welcome#mail#1", "ttl": TTL},
    event("a:expired", 1, ttl=START // SECOND),
    event("a:expired", 2),
    record("a:expired", ("E#1", "E#2")),
    event("a:lagging", 1),
    event("a:lagging", 2),
    record("a:lagging", ("E#1",)),
    record("a:long-gone", ("E#1",)),
    event("a:new", 1),
    event("a:old-rules", 1),
    record("a:old-rules", ("E#1",), rules="v0"),
    event("a:other", 2),
    record("a:other", ("E#1",)),
    {"pk": "C#sources", "sk": "C#sources", "data": "{}"},
    {"pk": "I#digest", "sk": "I"},
]


@given(st.sets(st.integers(1, len(TABLE) - 1)))
def test_a_scan_finds_lagging_and_outdated_leads_with_any_page_breaks(pages):
    assert found(TABLE, pages) == [
        Found("a:expired", lagging=False),
        Found("a:lagging", lagging=True),
        Found("a:new", lagging=True),
        Found("a:old-rules", lagging=False),
        Found("a:other", lagging=False),
    ]


def test_a_lead_with_a_very_recent_event_is_found_but_not_as_lagging():
    items = [event("a:ann", 1), event("a:ann", 2), record("a:ann", ("E#1",))]

    assert found(items, recent=TTL * SECOND - 1) == [Found("a:ann", lagging=False)]
    assert found(items, recent=TTL * SECOND) == [Found("a:ann", lagging=True)]


def test_a_scan_without_a_version_accepts_any_rules():
    items = [event("a:ann", 1), record("a:ann", ("E#1",), rules="v0")]

    assert found(items, rules="") == []


def test_a_record_that_cannot_be_read_is_folded_again():
    items = [event("a:ann", 1), {"pk": "a:ann", "sk": "P", "data": "{"}]

    assert [one.lead for one in found(items)] == ["a:ann"]


def test_a_lagging_member_causes_a_refold_of_its_lead():
    [tally] = scan_everywhere(START).on([event("a:phone", 1), {"pk": "a:phone", "sk": "P", "lead": "a:ann"}], None, 0)[
        1
    ]

    assert needs_refold(tally, FoldFingerprint("v1", seen_of(["E#1"]), 2), "v1", LONG_AGO) is None
    assert needs_refold(tally, FoldFingerprint("v1", NOTHING_SEEN, 2), "v1", LONG_AGO) == Found("a:ann", lagging=True)
    assert needs_refold(tally, None, "v1", LONG_AGO) == Found("a:ann", lagging=True)


def test_only_the_rules_of_a_truncated_lead_are_compared():
    newest = seen_of(["E#3"]).without_older()
    [tally] = scan_everywhere(START).on([event("a:ann", n) for n in (1, 2, 3)], None, START)[1]

    assert needs_refold(tally, FoldFingerprint("v1", newest, 0), "v1", LONG_AGO) is None
    assert needs_refold(tally, FoldFingerprint("v0", newest, 0), "v1", LONG_AGO) == Found("a:ann", lagging=False)


def test_a_lead_with_events_of_its_members_alone_gets_new_rules_too():
    assert found([record("a:ann", rules="v0", **{"a:phone": 3})]) == [Found("a:ann", lagging=False)]
    assert found([record("a:ann", rules="v0")]) == []


def test_items_that_never_expire_count():
    assert found([{"pk": "a:ann", "sk": "E#1"}, record("a:ann", ("E#1",))]) == []


# ---------------------------------------------------------------- when

NIGHT = START - START % DAY + 2 * HOUR


def walked(walk, now):
    """The scan after its remaining segments."""
    while walk.ended is None:
        walk, _ = walk.on([], None, now)
    return walk


def test_a_refold_begins_with_new_rules_and_waits_until_all_functions_use_them():
    refold = scan_now({}, "v1", START, 2)

    assert (refold.kind, refold.target, refold.segments) == ("refold", "v1", tuple(range(SEGMENTS)))
    assert not refold.may_go_on(START + CALM - 1)
    assert refold.may_go_on(START + CALM)


def test_newer_rules_restart_a_refold():
    halfway, _ = scan_now({}, "v1", START, 2).model_copy(update={"version": 3}).on([], ("a:ann", "P"), START)

    again = scan_now({"refold": halfway}, "v2", START + MINUTE, 2)

    assert (again.target, again.since, again.after, again.version) == ("v2", START + MINUTE, None, 3)


def test_reactivated_rules_have_their_own_refold():
    first = scan_now({}, "v1", START, 2, activation="1")
    walks = {"refold": walked(first, START)}

    assert scan_now(walks, "v1", START + HOUR, 2, activation="1").kind == "reconcile"
    assert scan_now(walks, "v1", START + HOUR, 2, activation="3").kind == "refold"


def done(version="v1"):
    return walked(scan_now({}, version, START, 2), START)


def test_each_night_scans_the_next_segment_also_after_missed_nights():
    walks, segments = {"refold": done()}, []
    for day in (0, 1, 2, 5, 6, 7, 8, 9):
        night = scan_now(walks, "v1", NIGHT + day * DAY, 2)
        segments += night.segments
        walks["reconcile"] = walked(night, NIGHT + day * DAY)
        assert scan_now(walks, "v1", NIGHT + day * DAY + DAY - 1, 2) is None

    assert segments == [0, 1, 2, 3, 4, 5, 6, 0]


def test_an_unfinished_nightly_scan_continues_and_a_refold_goes_first():
    night = scan_now({"refold": done()}, "v1", NIGHT, 2)

    assert scan_now({"refold": done(), "reconcile": night}, "v1", NIGHT + 3 * DAY, 2) == night
    assert scan_now({"refold": done(), "reconcile": night}, "v2", NIGHT + HOUR, 2).kind == "refold"
    waiting = scan_now({}, "v1", NIGHT, 2)
    assert scan_now({"refold": waiting, "reconcile": night}, "v1", NIGHT, 2) == night
    assert scan_now({"refold": waiting, "reconcile": night}, "v1", NIGHT + CALM, 2) == waiting


@pytest.mark.parametrize(("hour", "begins"), [(0, 0), (2, 2 * HOUR), (23, 23 * HOUR)])
def test_the_nightly_scan_begins_at_its_hour(hour, begins):
    midnight = NIGHT - 2 * HOUR
    yesterday = walked(scan_now({"refold": done()}, "v1", midnight - DAY + begins, hour), midnight)
    walks = {"refold": done(), "reconcile": yesterday}

    assert scan_now(walks, "v1", midnight + begins - 1, hour) is None
    assert scan_now(walks, "v1", midnight + begins, hour).segments == (1,)


def test_a_subject_summary_has_the_latest_expiry_of_its_items():
    tally = SubjectSummary(subject="a:ann")
    walk = scan_everywhere(START).model_copy(update={"open": tally})

    [tally] = walk.on([event("a:ann", 1, TTL), event("a:ann", 2, TTL - 1)], None, START)[1]

    assert tally.expires_at == TTL * SECOND
