"""Values that describe claims of intents: the attempt to claim, its context, its result, and open claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

CLAIMED = "claimed"
WAITING = "waiting"
"""The claim was released for a retry; the intent may be claimed again from `retry_at` on."""


UNCONFIRMED = "unconfirmed"
"""A mail was sent or not: nobody knows."""


class SendClaim(NamedTuple):
    """One attempt to claim an intent; `holder` is unique to it; times in milliseconds.

    An open claim becomes due at `until`; the item is kept until `kept_until`. `about` holds the properties that the
    outcome event has in any case. `tries` is the number of earlier attempts. After a crash a `repeatable` intent is
    delivered again; any other is delivered at most once. `activated_at` (ISO 8601) is the activation of the rules that
    decided the intent; empty if it is not known.
    """

    holder: str
    until: int
    kept_until: int
    channel: str
    repeatable: bool
    about: Mapping[str, Any]
    tries: int = 0
    activated_at: str = ""


class ClaimContext(NamedTuple):
    """The lead's state on which a decision was based: the version of the root's record, and all of its subjects.

    `address_key` is the key of the address to mail; empty if nothing is mailed to the lead. The claim fails if
    this address takes no mail; with `marketing`, also if it takes no marketing mail; with `owned`, also if the lead
    does not own it.
    """

    subject: str
    version: int
    subjects: Sequence[str]
    address_key: str = ""
    owned: bool = False
    marketing: bool = False


class OpenClaim(NamedTuple):
    """An intent with an open claim, or one that waits for a retry, after `tries` earlier attempts.

    A waiting intent may not be claimed before `retry_at` (milliseconds). `activated_at` is as in SendClaim.
    """

    status: str
    holder: str
    channel: str
    repeatable: bool
    about: Mapping[str, Any]
    tries: int
    retry_at: int
    activated_at: str = ""


class ClaimResult(Enum):
    """The result of an attempt to claim an intent."""

    CLAIMED = "claimed"
    TAKEN = "taken"
    """Another worker holds the claim, or the intent has ended, or it waits for a retry."""
    CHANGED = "changed"
    """The lead has changed since the decision."""
    SUPPRESSED = "suppressed"
    """The address is suppressed for this mail, or another lead owns it."""
