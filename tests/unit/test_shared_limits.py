"""A limit holds over all copies of the tracking function, which exchange their counts only now and then."""

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
    """Copies that add to one counter; each handles one request at a time, and `writes` counts the additions."""

    def __init__(self, source, reachable=lambda: True):
        self.source, self.reachable = source, reachable
        self.limits = [RateLimits() for _ in range(12)]
        self.counter = Counter()
        self.writes = 0

    def send(self, copy, events, now):
        """The number of these events of one visitor that one copy accepts."""
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
    """The highest number of events that all copies together may accept."""
    return limit + copies * (math.ceil(limit / STEPS) + LARGEST)


@pytest.mark.parametrize("kind", ["per_minute", "per_visitor_and_day"])
@given(limit=st.integers(1, 500), sent=requests)
def test_a_limit_is_exceeded_by_at_most_a_twentieth_for_each_copy_and_never_applied_early(kind, limit, sent):
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
def test_each_copy_keeps_the_limit_without_the_counter_and_never_applies_it_early(sent, failing):
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
def test_the_cost_of_a_limit_grows_as_it_is_approached(used, writes):
    assert flood(Copies(source(per_minute=6000)), used) <= writes


def test_a_normal_visitor_causes_no_writes():
    copies = Copies(source(per_visitor_and_day=5000))
    for n in range(240):
        copies.send(n % 12, 10, START)
        copies.tell(n % 12)

    assert copies.writes == 0


def test_a_visitor_who_floods_several_copies_is_stopped_by_their_shared_count():
    copies = Copies(source(per_visitor_and_day=100))
    passed = 0
    for n in range(1000):
        passed += copies.send(n % 12, 1, START)
        copies.tell(n % 12)

    assert 100 <= passed <= 100 + 12 * 5
    assert copies.send(0, 1, START + DAY) == 1


def test_a_new_minute_begins_at_zero_and_ignores_late_answers_about_the_last_one():
    limits, site = RateLimits(), source(per_minute=100)
    limits.wait(site, 50, START)
    late = limits.share()
    limits.wait(site, 1, START + MINUTE)
    limits.learn(late, 100)

    assert limits.wait(site, 99, START + MINUTE) == 0


def test_one_source_over_its_limit_does_not_limit_another():
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
    """The shares that the handler adds; the counters answer as if other copies had sent as much again."""
    tracking(Sources({digest("key"): SITE}))
    told = SimpleNamespace(shares=[], reachable=True)

    def add(table, share):
        told.shares.append(share)
        return 2 * sum(one.events for one in told.shares if one.subject == share.subject) if told.reachable else None

    monkeypatch.setattr("adapters.tracking.rate_counters.add", add)
    return told


def test_the_endpoint_includes_the_counts_of_other_copies(told):
    statuses = [handler.handler(views(10, f"v{n}", 10 * n), None)["statusCode"] for n in range(7)]

    assert statuses == [200] * 5 + [429] * 2
    assert {share.events for share in told.shares} == {10}


def test_an_unreachable_counter_loses_no_event(told):
    told.reachable = False

    statuses = [handler.handler(views(10, f"v{n}", 10 * n), None)["statusCode"] for n in range(11)]

    assert statuses == [200] * 10 + [429]


def test_a_request_of_very_many_visitors_waits_for_few_counters(told):
    batch = [viewed("/", START, who=f"v{n}", message_id=f"m{n}-{k}") for n in range(40) for k in range(2)]

    handler.handler(request(batch_of(batch) | {"writeKey": "key"}, START), None)

    assert len(told.shares) == 10
