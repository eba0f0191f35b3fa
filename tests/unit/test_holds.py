"""The length of holds on all mail."""

import pytest

from ripen.messages.holds import Hold, Limit, next_attempt, next_hold, opens_after
from ripen.times import HOUR, MINUTE, SECOND

NOW = 1_000 * HOUR


def lengths(limit, number, pause=MINUTE):
    """The lengths of `number` holds, each begun a `pause` after the end of the one before."""
    found, hold, now = [], None, NOW
    for _ in range(number):
        hold = next_hold(limit, hold, now)
        found.append(hold.until - now)
        now = hold.until + pause
    return found


@pytest.mark.parametrize("limit", [Limit.PAUSED, Limit.SENDER, Limit.SETUP])
def test_a_hold_that_returns_grows_from_an_hour_to_four(limit):
    assert lengths(limit, 5) == [HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR]


def test_the_quota_is_looked_at_every_half_hour():
    assert lengths(Limit.QUOTA, 4) == [30 * MINUTE] * 4


def test_a_hold_long_after_another_begins_anew():
    assert lengths(Limit.PAUSED, 3, pause=HOUR) == [HOUR] * 3


def test_a_hold_for_another_reason_begins_anew():
    before = Hold(Limit.PAUSED, NOW - 4 * HOUR, NOW, tries=5)

    assert next_hold(Limit.SENDER, before, NOW) == Hold(Limit.SENDER, NOW, NOW + HOUR)


def test_marketing_mails_follow_other_mails_after_a_hold():
    hold = Hold(Limit.QUOTA, NOW, NOW + HOUR)

    assert opens_after(hold, marketing=False) == NOW + HOUR
    assert opens_after(hold, marketing=True) == NOW + HOUR + 5 * MINUTE


def test_a_limit_is_either_one_of_the_account_or_has_a_rest_for_one_mail():
    alone = {limit: next_attempt(limit, 0) for limit in Limit if not limit.of_account}

    assert alone == {Limit.RATE: 30 * SECOND, Limit.UNREACHABLE: 5 * MINUTE, Limit.OTHER: HOUR}
