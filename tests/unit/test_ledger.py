"""Events packed into items and read again."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.errors import InvalidEventError, UnreadableItemError
from ripen.events.event import RIPEN, Event, Received
from ripen.storage.ledger import (
    NOTHING_SEEN,
    Seen,
    Unreadable,
    due_shard,
    event_items,
    event_key,
    intent_key,
    read_events,
    read_intent_key,
    read_items,
    weight,
    written_once,
)
from ripen.storage.packing import unpack
from ripen.times import DAY, SECOND
from stories import START

TEXTS = st.text(st.characters(), max_size=30)  # surrogates too: JSON may hold them, escaped
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
EVENTS = st.builds(
    Event,
    id=st.uuids().map(str),
    name=TEXTS,
    at=st.integers(0, 2**42),
    source=st.just("website"),
    properties=st.dictionaries(TEXTS, JSON, max_size=3),
    traits=st.dictionaries(TEXTS, JSON, max_size=2),
)


def received(identity, subject="a:ann", at=START, **properties):
    return Received(subject, at, at, Event(identity, "Seen", at, "website", properties=properties))


DATA = '[{"id":"m1","name":"Seen","at":1772438400000,"source":"website","properties":{"path":"/"}}]'


def test_a_single_event_is_one_item_of_packed_json():
    [item] = event_items([received("m1", path="/")], 30)

    assert unpack(item.pop("zip"), item["sk"]) == DATA.encode()
    assert item == {
        "pk": "a:ann",
        "sk": "E#2026-03-02T08:00:00.000Z#m1",
        "ttl": (START + 30 * DAY) // SECOND,
    }


def test_an_event_of_ripen_has_a_key_that_no_message_id_gives():
    ours = Received("a:ann", START, START, Event("m1", "Email Sent", START, RIPEN))

    items = event_items([received("m1"), ours, ours], 30)

    assert [item["sk"] for item in items] == ["E#2026-03-02T08:00:00.000Z#m1", "E#2026-03-02T08:00:00.000Z#~m1"]
    assert [written_once(item["sk"]) for item in items] == [False, True]
    assert {event.name for event in read_events(items)} == {"Seen", "Email Sent"}


@pytest.mark.parametrize(
    "key", ["E#2026-03-02T08:00:00.000Z#a~b", "X#2026-03-02T08:00:00.000Z#~m1", "M#a:~", "P", "E#"]
)
def test_keys_of_other_items_are_not_written_once(key):
    assert not written_once(key)


def test_events_of_ripen_with_older_keys_are_read():
    old = {"pk": "a:ann", "sk": "E#2026-03-02T08:00:00.000Z#m1", "ttl": 1}
    ours = Received("a:ann", START, START, Event("m1", "Email Sent", START, RIPEN))
    [new] = event_items([ours], 30)

    assert read_events([old | {"data": new["data"]}, new]) == [ours.event]


def test_a_request_is_one_item_for_each_subject():
    items = event_items([received("1"), received("2", "a:bob"), received("3"), received("3")], 1)

    assert [(item["pk"], [event.id for event in read_events([item])]) for item in items] == [
        ("a:ann", ["1", "3"]),
        ("a:bob", ["2"]),
    ]


PACKED = bytes.fromhex("78bb4f676d6b83856fae2152864a4dcd8387a8b99189b1858901089012b6405b019c901b0a")


@pytest.mark.parametrize("prefix", ["E#", "X#"])
def test_what_was_packed_once_stays_readable_in_quarantine_too(prefix):
    item = {"pk": "a:ann", "sk": f"{prefix}2026-03-02T08:00:00.000Z#m1", "zip": PACKED}

    assert read_events([item]) == [received("m1", path="/").event]
    assert weight(item) == 500


def test_a_packed_item_under_the_key_of_another_is_unreadable():
    _, unreadable = read_items([{"pk": "a:ann", "sk": "E#2026-03-02T08:00:00.000Z#m2", "zip": PACKED}])

    assert [one.reason for one in unreadable] == ["zip: error"]


def test_an_event_of_ripen_is_packed_only_when_that_saves_a_write_unit():
    small, large = (Event("m", "Email Sent", START, RIPEN, properties={"text": "x" * size}) for size in (500, 5_000))

    items = [event_items([Received("a:ann", START, START, event)], 1)[0] for event in (small, large)]

    assert ["zip" in item for item in items] == [False, True]
    assert [read_events([item]) for item in items] == [[small], [large]]


def test_a_repeated_request_has_the_same_keys_and_another_has_others():
    first, second, third = received("1"), received("2"), received("3")

    keys = [[item["sk"] for item in event_items(events, 1)] for events in ([first, second], [first], [first, third])]

    assert keys[0] == [item["sk"] for item in event_items([first, second], 1)]
    assert len({key for [key] in keys}) == 3


@pytest.mark.parametrize("text", ["x", "ж", "\u4e00", "\U0001f600", "\ud800"])
def test_no_item_is_larger_than_dynamodb_takes(text):
    many = [received(f"m{n}", text=text * 5_000) for n in range(32)]

    items = event_items(many, 1)

    assert all(len(item.get("zip", b"")) + len(item.get("data", "").encode()) < 400_000 for item in items)
    assert len(read_events(items)) == 32


@pytest.mark.parametrize("subjects", [1, 40])
def test_one_request_stores_no_more_than_a_megabyte_of_events(subjects):
    many = [received(f"m{n}", f"a:{n % subjects}", text="x" * 30_000) for n in range(40)]

    assert len(read_events(event_items(many[:33], 1))) == 33
    with pytest.raises(InvalidEventError, match="exceeds the total size that one request may store"):
        event_items(many, 1)


def test_a_large_request_is_split_at_bytes_that_do_not_compress():
    # Two bytes a character, of which nearly all are news: characters alone would pass as half as large.
    digits = [chr(0x400 + (n * n * 7919 + n // 3) % 1_000) for n in range(10_000)]
    many = [received(f"m{n}", text="".join(digits[n:] + digits[:n])) for n in range(48)]

    assert len(event_items(many, 1)) == 4


@given(st.lists(EVENTS, max_size=8, unique_by=lambda event: event.id), st.sampled_from((1, 150)))
def test_written_events_are_read_back(history, filler):
    more = [Event(f"filler{n}", "Filler", n, "website") for n in range(filler)]
    items = event_items([Received("a:ann", event.at, event.at, event) for event in history + more], 1)

    read = read_events(items)

    assert read == sorted(history + more, key=lambda event: (event.at, event.id))
    assert len({item["sk"] for item in items}) == len(items)


def test_keys_sort_by_time_and_before_the_record():
    assert event_key(9, "z") < event_key(10, "a") < "P"


@given(st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True), st.integers(1, 99))
def test_the_key_of_an_intent_contains_campaign_step_and_cycle(name, cycle):
    assert read_intent_key(intent_key(name, "mail", cycle)) == (name, "mail", cycle)


@given(st.text())
def test_every_subject_has_a_shard(subject):
    assert due_shard(subject) in "01234567"


GOOD = {"id": "m", "name": "Seen", "at": START, "source": "website"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "data: is missing, and zip is missing too"),
        ({"data": 3}, "data: TypeError"),
        ({"data": "[{"}, "data: JSONDecodeError"),
        ({"data": "[" * 100_000}, "data: RecursionError"),
        ({"data": "{}"}, "data: is not a list"),
        ({"data": "[3]"}, "event: is not an object"),
        ({"zip": b"not zipped"}, "zip: error"),
        ({"zip": zlib.compress(b"[]")[:-3]}, "zip: error"),
        ({"zip": zlib.compress(b"[\xff]")}, "zip: UnicodeDecodeError"),
        ({"data": json.dumps([{"id": "m"}])}, "name: is missing"),
        ({"data": json.dumps([GOOD, GOOD | {"at": "soon"}])}, "at: is str, not int"),
        ({"data": json.dumps([GOOD | {"at": True}])}, "at: is bool, not int"),
        ({"data": json.dumps([GOOD | {"at": 10**30}])}, "at: is outside the years 1970 to 9999"),
        ({"data": json.dumps([GOOD | {"name": None}])}, "name: is NoneType, not str"),
        ({"data": json.dumps([GOOD | {"properties": []}])}, "properties: is list, not dict"),
        ({"data": json.dumps([GOOD | {"colour": "red"}])}, "event: has an unknown field"),
    ],
)
def test_an_item_that_cannot_be_read_is_named_with_its_reason_and_others_are_read(content, reason):
    broken = {"pk": "a:ann", "sk": "E#2", **content}

    events, unreadable = read_items([broken, *event_items([received("1")], 1)])

    assert [event.id for event in events] == ["1"]
    assert unreadable == [Unreadable("a:ann", "E#2", reason)]
    with pytest.raises(UnreadableItemError, match=reason):
        read_events([broken])


def seen(items):
    total = NOTHING_SEEN
    for item in items:
        total = total.plus(item)
    return total


@given(st.lists(EVENTS, max_size=8, unique_by=lambda event: event.id), st.randoms())
def test_the_checksum_of_items_does_not_depend_on_their_order(history, random):
    items = [item for event in history for item in event_items([Received("a:ann", event.at, event.at, event)], 1)]

    assert seen(items) == seen(random.sample(items, len(items)))
    assert seen(items).items == len(items)


def test_the_checksum_distinguishes_items_by_key_and_content():
    item = {"sk": "E#2026-03-02T08:00:00.000Z#m1", "data": DATA}
    packed = {"sk": item["sk"], "zip": PACKED}

    others = [item | {"sk": "E#2"}, item | {"data": "[]"}, packed, {"sk": item["sk"]}, {"sk": item["sk"], "data": 3}]

    assert len({seen([one]) for one in [item, *others]}) == len(others)


def packed(text):
    return {"pk": "a:ann", "sk": "E#1", "zip": zlib.compress(text.encode())}


@pytest.mark.parametrize(
    ("item", "weighs"),
    [
        ({"data": '[{"id":"1","n":"' + "x" * 1_000 + '"}]'}, 1_019),
        (packed('[{"id":"1","n":"' + "x" * 1_000 + '"}]'), 1_019),
        (packed('[{"id":"1"},{"id":"2"}]'), 1_000),
        (packed('[{"id":"1","n":[' + "[]," * 99 + "[]]}]"), 103 * 48),
        ({"data": "\u00e4\ud800"}, 5),
        ({"zip": b"broken"}, 6),
        ({"data": 7}, 0),
        ({}, 0),
    ],
)
def test_the_weight_of_an_item_is_the_memory_that_reading_it_takes(item, weighs):
    assert weight(item) == weighs


def test_left_out_items_stay_marked_as_left_out():
    some = Seen(3, 7).without_older()

    assert (some.items, some.whole) == (-3, False)
    assert not some.plus(packed("[]")).whole
    assert not Seen(0, 0).without_older().whole
    assert Seen(0, 0).plus(packed("[]")) == Seen(1, Seen(0, 0).plus(packed("[]")).checksum)
