"""Bring a lead's record up to date with its ledger: one query, one fold, one conditional write."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from email_validator import EmailNotValidError, validate_email

from adapters import table
from adapters.figures import report_visits
from adapters.secret import secret
from adapters.settings import ScoreSettings, TriggerSettings
from ripen.errors import VersionConflictError
from ripen.fold import fold
from ripen.identity import address_key
from ripen.lead import Lead
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
    """Fold a subject's events and write its record; None when it has no events.

    Whoever is going to do what is due says in `rest_until` when the lead may be found due again.

    When someone else writes the record in between, reads and folds again. Raises VersionConflictError after five
    attempts, which leaves the subject to the next delivery.
    """
    for attempt in range(_ATTEMPTS):
        events, record = table.load(settings.table_name, subject, now)
        if not events:
            return None
        lead = fold(subject, events, rules, now)
        address = _address(settings, lead, record)
        refreshed = Refreshed(lead, reachable=bool(address and address["owned"]))
        visits = report_visits(settings.table_name, events, record, rules.conversions, now)
        fresh = make_record(lead, address, record.version + 1, rest_until, visits)
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
