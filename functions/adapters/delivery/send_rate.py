"""The send rate, within the limit of SES. Each copy of the function keeps a minimum gap between two of its mails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import uniform
from time import monotonic, sleep

from botocore.exceptions import BotoCoreError, ClientError

from adapters.runtime.clients import client
from adapters.runtime.telemetry import logger

SLOWEST = 1.0
"""Mails per second until SES's rate could be read: the rate of an account in the SES sandbox."""

_KNOWN_FOR = 15 * 60.0
"""Most seconds for which a rate is cached."""

_ASKED_AGAIN = 10.0
"""Most seconds after which a rate that could not be read is asked for again."""


@dataclass(slots=True)
class _Pace:
    rate: float = SLOWEST
    ask_at: float | None = None
    latest: float | None = None


_pace = _Pace()


def clear_cache() -> None:
    """Drop the cached rate and the time of the latest mail."""
    global _pace  # noqa: PLW0603 - one per process
    _pace = _Pace()


def wait_for_send_slot(copies: int, seconds_left: Callable[[], float]) -> bool:
    """Wait until one more mail may go out. False, without a wait, if that takes longer than `seconds_left`.

    `copies` is the number of copies of the function that share the account's rate.
    """
    if _pace.ask_at is None or monotonic() >= _pace.ask_at:
        found = _read_rate()
        _pace.rate = found or _pace.rate
        # Copies ask at different times: SES answers one such request a second.
        _pace.ask_at = monotonic() + (_KNOWN_FOR if found else _ASKED_AGAIN) * uniform(0.5, 1)  # noqa: S311
    now = monotonic()
    slot = now if _pace.latest is None else max(now, _pace.latest + copies / _pace.rate)
    if slot - now > seconds_left():
        return False
    if slot > now:
        sleep(slot - now)
    _pace.latest = slot
    return True


def _read_rate() -> float | None:
    """The account's rate; None if it cannot be read."""
    try:
        rate = float(client("sesv2", repeating=True).get_account()["SendQuota"]["MaxSendRate"])
    except (ClientError, BotoCoreError, KeyError) as error:
        told = {"error": type(error).__name__, "rate": _pace.rate}
        logger.warning("The send rate of SES cannot be read; the last known rate applies", extra=told)
        return None
    return rate if rate > 0 else SLOWEST
