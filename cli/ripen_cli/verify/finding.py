"""The result of one check of a deployment."""

from __future__ import annotations

from typing import NamedTuple

OK, FAILED, UNTOLD = "ok", "failed", "not checked"
MARKS = {OK: "✓", FAILED: "✗", UNTOLD: "-"}


class Finding(NamedTuple):
    """What was checked (`name`), its `state`, what was `found`, and for a failed check its `remedy`."""

    name: str
    state: str
    found: str
    remedy: str = ""


def ok(name: str, found: str) -> Finding:
    """A check that passed."""
    return Finding(name, OK, found)


def failed(name: str, found: str, remedy: str) -> Finding:
    """A check that failed, with what to do about it."""
    return Finding(name, FAILED, found, remedy)


def untold(name: str, found: str) -> Finding:
    """A check that cannot be made here."""
    return Finding(name, UNTOLD, found)


def judge(name: str, good: bool, found: str, remedy: str) -> Finding:
    """A check that passed if `good`."""
    return ok(name, found) if good else failed(name, found, remedy)
