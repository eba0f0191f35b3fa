"""A limit holds over all copies of the tracking function, though they speak of it only now and then."""

import math
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.events.rate_limits import STEPS, RateLimits
from ripen.events.sources import Source, Sources, digest
from ripen.times import DAY, MINUTE
from stories import START, batch_of, request, viewed
from track import handler

LARGEST = 30
requests = st.lists(st.tuples(st.integers(0, 11), st.integers(1, LARGEST)), max_size=300)


class Copies:
    """Processes that add to one counter; each does one thing at a time, and `writes` counts what they say."""

    def __init__(self, source, reachable=lambda: True):
        self.source, self.reachable = source, reachable
        self.limits = [RateLimits() for _ in range(12)]
        self.counter = Counter()
        self.writes = 0

    def send(self, copy, events, now):
        """How many of so many events of one visitor pass through one of the copies."""
        if self.limits[copy].wait(self.source, events, now):
            return 0
        over = self.limits[copy].excess(self.source, ["a:v"] * events, now)
        return over.get("a:v", events)

    def tell(self, copy):
        while share := self.limits[copy].share():
            if not self.reachable():
                return
            self.writes += 1
            self.counter[share.subject, share.begins] += share.events
            self.limits[copy].learn(share, self.counter[share.subject, share.begins])


def source(per_minute=None, per_visitor_and_day=None):
    return Source("s", trusted=False, per_minute=per_minute, per_visitor_and_day=per_visitor_and_day)


def most(limit, copies):
    """What all copies together may let pass."""
    return limit + copies * (math.ceil(limit / STEPS) + LARGEST)


@pytest.mark.parametrize("kind", ["per_minute", "per_visitor_and_day"])
@given(limit=st.integers(1, 500), sent=requests)
def test_no_limit_is_passed_by_more_than_a_twentieth_for_each_copy_nor_used_before_it_is_reached(kind, limit, sent):
    copies, passed, talking = Copies(source(**{kind: limit})), 0, set()
    for copy, events in sent:
        # What a copy has to say it says before its next request, but others may be faster.
        if copy in talking:
            copies.tell(copy)
        taken = copies.send(copy, events, START)
        assert taken == events or passed + events > limit
        passed += taken
        talking.add(copy)

    assert passed <= most(limit, len({copy for copy, _ in sent}))


@given(sent=requests, failing=st.randoms(use_true_random=False))
def test_without_the_counter_each_copy_keeps_the_limit_and_nobody_is_refused_before_it(sent, failing):
    copies, passed = Copies(source(per_minute=100), lambda: failing.random() < 0.5), Counter()
    for copy, events in sent:
        copies.tell(copy)
        taken = copies.send(copy, events, START)
        assert taken or passed.total() + events > 100
        passed[copy] += taken

    assert all(events <= 100 for events in passed.values())


def flood(copies, share_of_limit, limit=6000):
    """Single events through all copies in turn, until so much of the limit has passed."""
    for n in range(int(limit * share_of_limit)):
        copies.send(n % 12, 1, START)
        copies.tell(n % 12)
    return copies.writes


@pytest.mark.parametrize(("used", "writes"), [(0.5, 0), (0.9, 20), (1.0, 25), (1.5, 60)])
def test_what_a_limit_costs_grows_with_how_near_it_is(used, writes):
    assert flood(Copies(source(per_minute=6000)), used) <= writes


def test_a_normal_visitor_costs_nothing():
    copies = Copies(source(per_visitor_and_day=5000))
    for n in range(240):
        copies.send(n % 12, 10, START)
        copies.tell(n % 12)

    assert copies.writes == 0


def test_a_visitor_who_floods_several_copies_is_stopped_by_what_they_tell_each_other():
    copies = Copies(source(per_visitor_and_day=100))
    passed = 0
    for n in range(1000):
        passed += copies.send(n % 12, 1, START)
        copies.tell(n % 12)

    assert 100 <= passed <= 100 + 12 * 5
    assert copies.send(0, 1, START + DAY) == 1


def test_a_new_minute_begins_at_nothing_and_a_late_answer_about_the_last_one_is_of_no_use():
    limits, site = RateLimits(), source(per_minute=100)
    limits.wait(site, 50, START)
    late = limits.share()
    limits.wait(site, 1, START + MINUTE)
    limits.learn(late, 100)

    assert limits.wait(site, 99, START + MINUTE) == 0


def test_one_source_over_its_limit_says_nothing_about_another():
    copies, other = Copies(source(per_minute=10)), Source("other", trusted=False, per_minute=10)
    for _ in range(20):
        copies.send(0, 1, START)
        copies.tell(0)

    assert copies.limits[0].wait(other, 10, START) == 0


# ---------------------------------------------------------------- as the endpoint does it

SITE = source(per_minute=100, per_visitor_and_day=40)


def views(count, visitor, first):
    events = [viewed("/", START, who=visitor, message_id=f"m{first + n}") for n in range(count)]
    return request(batch_of(events) | {"writeKey": "key"}, START)


@pytest.fixture
def told(monkeypatch, tracking):
    """What the handler adds to the counters, whose answers say that others have sent as much again."""
    tracking(Sources({digest("key"): SITE}))
    told = SimpleNamespace(shares=[], reachable=True)

    def add(table, share):
        told.shares.append(share)
        return 2 * sum(one.events for one in told.shares if one.subject == share.subject) if told.reachable else None

    monkeypatch.setattr("adapters.tracking.rate_counters.add", add)
    return told


def test_the_endpoint_hears_what_other_copies_took(told):
    statuses = [handler.handler(views(10, f"v{n}", 10 * n), None)["statusCode"] for n in range(7)]

    assert statuses == [200] * 5 + [429] * 2
    assert {share.events for share in told.shares} == {10}


def test_a_counter_out_of_reach_loses_no_event(told):
    told.reachable = False

    statuses = [handler.handler(views(10, f"v{n}", 10 * n), None)["statusCode"] for n in range(11)]

    assert statuses == [200] * 10 + [429]


def test_a_request_of_very_many_visitors_waits_for_few_counters(told):
    batch = [viewed("/", START, who=f"v{n}", message_id=f"m{n}-{k}") for n in range(40) for k in range(2)]

    handler.handler(request(batch_of(batch) | {"writeKey": "key"}, START), None)

    assert len(told.shares) == 10
