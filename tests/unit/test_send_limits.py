"""An unproven mailbox gets no more mails than its limits allow."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from ripen.addresses.address import address_key
from ripen.config.schema.mailing import Unproven
from ripen.messages.send_limits import (
    NEVER,
    Mailed,
    mailbox_key,
    next_hour,
    opens_for_all,
    opens_for_mailbox,
    with_one_more,
)
from ripen.times import DAY, HOUR, MINUTE
from stories import START

LIMITS = st.builds(Unproven, per_day=st.integers(1, 4), overall=st.integers(1, 9))


@given(st.lists(st.integers(0, 10 * DAY), max_size=60), LIMITS)
def test_the_limits_per_day_and_overall_are_never_exceeded(moments, limits):
    mailed, sent = Mailed(), []
    for now in sorted(START + moment for moment in moments):
        if opens_for_mailbox(mailed, limits, now) <= now:
            mailed = with_one_more(mailed, now)
            sent.append(now)
    assert len(sent) == mailed.overall <= limits.overall
    assert all(sum(begin <= at < begin + DAY for at in sent) < 2 * limits.per_day for begin in sent)
    if limits.per_day == 1:
        assert all(later - earlier >= DAY for earlier, later in itertools.pairwise(sent))


@given(st.integers(0, 3), st.integers(0, 5 * DAY), LIMITS)
def test_a_held_back_mail_may_be_sent_at_the_announced_time(mails, later, limits):
    mailed = Mailed(START, mails, mails)
    opens = opens_for_mailbox(mailed, limits, START + later)
    assert opens == NEVER or opens_for_mailbox(mailed, limits, opens) == opens


def test_the_default_is_one_a_day_and_three_in_all():
    limits, mailed = Unproven(), Mailed()
    for day in range(3):
        now = START + day * DAY
        assert opens_for_mailbox(mailed, limits, now) == now
        mailed = with_one_more(mailed, now)
        assert opens_for_mailbox(mailed, limits, now + MINUTE) == (now + DAY if day < 2 else NEVER)
    assert opens_for_mailbox(mailed, limits, START + 400 * DAY) == NEVER


def test_all_unproven_mailboxes_share_an_hourly_limit():
    limits = Unproven()
    assert limits.per_hour == 200
    assert opens_for_all(199, limits, START + MINUTE) == START + MINUTE
    assert opens_for_all(200, limits, START + MINUTE) == next_hour(START + MINUTE) == START + HOUR
    assert opens_for_all(0, Unproven(pause=True), START + MINUTE) == START + HOUR


def test_a_mailbox_is_counted_under_a_digest_of_its_own():
    key = mailbox_key("Ann+news@example.com", b"secret")
    assert key == mailbox_key("ann@example.com", b"secret")
    assert key != mailbox_key("ann@example.com", b"another")
    assert key.removeprefix("B#") != address_key("ann@example.com", b"secret").removeprefix("I#")
