"""Bring a lead's record up to date with its ledger: one query, one fold, one conditional write."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from email_validator import EmailNotValidError, validate_email

from adapters import table
from adapters.secret import secret
from adapters.settings import ScoreSettings, TriggerSettings
from adapters.telemetry import count, logger, pseudonym
from ripen.erasure import only_withdrawals
from ripen.errors import VersionConflictError
from ripen.fold import fold
from ripen.identity import address_key
from ripen.lead import Lead
from ripen.ledger import Unreadable
from ripen.record import Record, make_record
from ripen.rules import Rules

_ATTEMPTS = 5


class Refreshed(NamedTuple):
    """A lead, and whether it owns the address it gave: only then may mail go there."""

    lead: Lead
    reachable: bool


def refresh(
    settings: ScoreSettings | TriggerSettings, subject: str, rules: Rules, now: int, rest_until: int | None = None
) -> Refreshed | None:
    """Fold a subject's events and write its record; None when it has none, or withdrew and that is all.

    What cannot be read is set aside, and the lead is folded without it.
    Whoever is going to do what is due says in `rest_until` when the lead may be found due again.

    When someone else writes the record in between, reads and folds again. Raises VersionConflictError after five
    attempts, which leaves the subject to the next delivery.
    """
    for attempt in range(_ATTEMPTS):
        events, record, seen, unreadable = table.load(settings.table_name, subject, now)
        for found in unreadable:
            _set_aside(settings.table_name, found, now)
        if not events or (not record.version and only_withdrawals(events)):
            if rest_until is not None and record.due_at is not None:
                table.disarm(settings.table_name, subject, record.due_at)
            return None
        lead = fold(subject, events, rules, now)
        address = _address(settings, lead, record)
        refreshed = Refreshed(lead, reachable=bool(address and address["owned"]))
        fresh = make_record(lead, address, record, seen, rest_until)
        if (fresh.data, fresh.due_at) == (record.data, record.due_at):
            return refreshed
        try:
            table.save(settings.table_name, fresh)
        except VersionConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return refreshed
    raise AssertionError("unreachable: the last attempt returns or raises")


def _set_aside(table_name: str, found: Unreadable, now: int) -> None:
    from adapters.aside import set_aside  # noqa: PLC0415 - hardly ever needed

    if set_aside(table_name, found, now):
        logger.error(
            "Events that cannot be read were set aside; the lead is folded without them",
            extra={"lead": pseudonym(found.subject), "reason": found.reason},
        )
        count("EventsSetAside")


def _address(settings: ScoreSettings | TriggerSettings, lead: Lead, record: Record) -> dict[str, Any] | None:
    """Which address the lead gave, as a key, and whether it owns it; whoever was first does."""
    if not lead.address:
        return None
    try:
        normalized = validate_email(lead.address, check_deliverability=False).normalized
    except EmailNotValidError:
        return {"key": "", "owned": False}
    key = address_key(normalized, secret(settings.secret_arn))
    before = json.loads(record.data).get("address") if record.data else None
    if before and before["key"] == key:
        return dict(before)
    return {"key": key, "owned": table.own_address(settings.table_name, key, lead.subject)}
