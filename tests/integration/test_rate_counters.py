"""The shared counters of all copies of the tracking function are items of the table that expire."""

from botocore.exceptions import ReadTimeoutError

from adapters.tracking.rate_counters import add
from ripen.events.rate_limits import Quota
from ripen.times import DAY, HOUR, MINUTE, SECOND
from stories import START

SHARE = Quota("website", "", START, START + MINUTE, 40)


def test_copies_add_to_one_counter_of_a_source_and_a_minute(site):
    assert [add("ripen", SHARE), add("ripen", SHARE._replace(events=2))] == [40, 42]
    [item] = site.items()
    assert item["pk"] == {"S": "L#website"}
    assert item["sk"] == {"S": "2026-03-02T08:00:00.000Z"}
    assert int(item["ttl"]["N"]) * SECOND == START + MINUTE + HOUR
    assert add("ripen", SHARE._replace(begins=START + MINUTE, ends=START + 2 * MINUTE)) == 40
    assert add("ripen", SHARE._replace(source="shop")) == 40


def test_the_counter_of_a_visitor_does_not_contain_the_id(site):
    share = Quota("website", "a:ann@example.com", START, START + DAY, 300)

    assert add("ripen", share) == 300
    [item] = site.items()
    assert item["pk"]["S"].startswith("L#website#")
    assert "ann" not in str(item)


def test_a_counter_without_an_answer_is_no_failure_and_not_retried(site, logs, unanswered):
    asked = unanswered(ReadTimeoutError)

    assert add("ripen", SHARE) is None
    assert len(asked) == 1
    assert "The shared counter of a limit cannot be reached" in logs.getvalue()


def test_a_counter_that_is_refused_is_no_failure(site, logs):
    assert add("no-table", SHARE) is None
    assert "ResourceNotFoundException" in logs.getvalue()
