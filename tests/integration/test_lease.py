"""Of several copies of a function, one works at a time."""

from __future__ import annotations

import pytest

from adapters.dynamodb import lease as module
from adapters.dynamodb.lease import LeaseTakenError, lease
from ripen.times import SECOND
from stories import START

KEY = "C#publishing"


@pytest.fixture
def clock(site, monkeypatch):
    """The time that the lease sees, which passes while a process waits."""
    times = [START]
    monkeypatch.setattr(module, "wall_clock", lambda: times[-1])
    monkeypatch.setattr(module.time, "sleep", lambda seconds: times.append(times[-1] + seconds * SECOND))
    return times


def test_a_lease_is_free_again_after_the_work_even_if_it_failed(clock):
    with pytest.raises(ZeroDivisionError), lease("ripen", KEY, 90, 0):
        raise ZeroDivisionError

    with lease("ripen", KEY, 90, 0):
        pass


def test_a_process_waits_for_another_one_and_not_for_ever(clock):
    with lease("ripen", KEY, 90, 0), pytest.raises(LeaseTakenError, match=KEY), lease("ripen", KEY, 90, 60):
        pass

    assert clock[-1] == START + 60 * SECOND


def test_a_process_that_was_stopped_leaves_no_lease_behind(clock):
    stopped = lease("ripen", KEY, 90, 0)
    stopped.__enter__()

    with lease("ripen", KEY, 90, 120):
        assert clock[-1] == START + 91 * SECOND


def test_a_lease_that_is_given_back_meanwhile_is_taken(clock, monkeypatch):
    held = lease("ripen", KEY, 90, 0)
    held.__enter__()
    monkeypatch.setattr(module.time, "sleep", lambda _seconds: held.__exit__(None, None, None))

    with lease("ripen", KEY, 90, 60):
        assert clock == [START]
