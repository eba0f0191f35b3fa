"""The send rate, within the limit of SES. Each copy of the function keeps a minimum gap between two of its mails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep

from botocore.exceptions import BotoCoreError, ClientError

from adapters.runtime.clients import client
from adapters.runtime.telemetry import logger

SLOWEST = 1.0
"""Mails per second if SES's rate cannot be read: the rate of an account in the SES sandbox."""

_KNOWN_FOR = 15 * 60.0
"""Seconds for which a rate is cached."""


@dataclass(slots=True)
class _Pace:
    rate: float = SLOWEST
    read_at: float | None = None
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
    if _pace.read_at is None or monotonic() - _pace.read_at >= _KNOWN_FOR:
        _pace.rate, _pace.read_at = _read_rate(), monotonic()
    now = monotonic()
    slot = now if _pace.latest is None else max(now, _pace.latest + copies / _pace.rate)
    if slot - now > seconds_left():
        return False
    if slot > now:
        sleep(slot - now)
    _pace.latest = slot
    return True


def _read_rate() -> float:
    try:
        rate = float(client("sesv2").get_account()["SendQuota"]["MaxSendRate"])
    except (ClientError, BotoCoreError, KeyError) as error:
        logger.warning(
            "The send rate of SES cannot be read; the lowest rate applies",
            extra={"error": type(error).__name__, "rate": SLOWEST},
        )
        return SLOWEST
    return rate if rate > 0 else SLOWEST
