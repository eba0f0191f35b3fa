"""Mails keep a gap, so that all copies together stay within what SES takes."""

from __future__ import annotations

import pytest

from adapters.delivery import send_rate
from adapters.runtime import clients
from simulation.wire import failure


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 100.0
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(round(seconds, 3))
        self.now += seconds


class Account:
    def __init__(self, rate, failing=()):
        self.rate = rate
        self.failing = failing
        self.asked = 0

    def get_account(self):
        self.asked += 1
        if self.rate is None or self.asked in self.failing:
            raise failure("AccessDeniedException", "GetAccount", 403)
        return {"SendQuota": {"MaxSendRate": self.rate}}


@pytest.fixture
def clock(new_process, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(send_rate, "monotonic", lambda: clock.now)
    monkeypatch.setattr(send_rate, "sleep", clock.sleep)
    return clock


def wait_for_slots(number, copies=2, left=60.0):
    return [send_rate.wait_for_send_slot(copies, lambda: left) for _ in range(number)]


def test_copies_share_the_rate_of_the_account(clock):
    clients.use("sesv2", Account(14.0))

    assert wait_for_slots(3) == [True, True, True]
    assert clock.slept == [0.143, 0.143]


def test_a_slow_sender_does_not_wait(clock):
    clients.use("sesv2", Account(14.0))
    wait_for_slots(1)
    clock.now += 1

    wait_for_slots(1)

    assert clock.slept == []


def test_the_rate_is_read_again_after_a_quarter_of_an_hour(clock):
    account = Account(14.0)
    clients.use("sesv2", account)
    wait_for_slots(5)
    assert account.asked == 1

    clock.now += 15 * 60
    wait_for_slots(1)

    assert account.asked == 2


def test_a_failed_read_keeps_the_known_rate_and_is_soon_repeated(clock):
    account = Account(14.0, failing=(2,))
    clients.use("sesv2", account)
    wait_for_slots(1)
    clock.now += 15 * 60

    wait_for_slots(3)
    assert clock.slept == [0.143, 0.143]
    assert account.asked == 2

    clock.now += 10
    wait_for_slots(1)
    assert account.asked == 3


def test_the_first_rate_that_cannot_be_read_slows_mails_for_seconds_only(clock):
    account = Account(14.0, failing=(1,))
    clients.use("sesv2", account)

    wait_for_slots(10)

    assert sum(clock.slept) < 15
    assert clock.slept[-1] == 0.143
    assert account.asked == 2


def test_copies_ask_for_the_rate_at_different_times(clock, monkeypatch):
    account = Account(14.0)
    clients.use("sesv2", account)
    monkeypatch.setattr(send_rate, "uniform", lambda low, _high: low)
    wait_for_slots(1)

    clock.now += 15 * 60 / 2
    wait_for_slots(1)

    assert account.asked == 2


@pytest.mark.parametrize("rate", [None, 0.0])
def test_an_account_without_a_known_rate_counts_as_sandboxed(clock, rate, logs):
    clients.use("sesv2", Account(rate))

    wait_for_slots(2, copies=1)

    assert clock.slept == [1.0]
    assert ("cannot be read" in logs.getvalue()) is (rate is None)


def test_no_mail_waits_longer_than_the_remaining_time(clock):
    clients.use("sesv2", Account(1.0))
    wait_for_slots(1)

    assert wait_for_slots(1, left=1.5) == [False]
    assert clock.slept == []
    assert wait_for_slots(1, left=2.5) == [True]
    assert clock.slept == [2.0]
