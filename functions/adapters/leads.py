"""Bring a lead's record up to date with its ledgers: read its tree, fold, merge what is one, one conditional write."""

from __future__ import annotations

from typing import Any, NamedTuple

from adapters import merging, table
from adapters.addresses import key_of
from adapters.settings import ScoreSettings, TriggerSettings
from ripen.errors import VersionConflictError
from ripen.fold import fold
from ripen.lead import Lead
from ripen.record import make_record
from ripen.rules import Rules
from ripen.tree import Party

_CONFLICTS = 5
_CHANGES = 100
"""More merges and un-merges than one lead can have."""


class Refreshed(NamedTuple):
    """A lead, its subjects, and the version of its record.

    `address_key` is the key of its address if it owns it, and empty otherwise: only then may mail go there.
    """

    lead: Lead
    subjects: tuple[str, ...]
    version: int
    address_key: str

    @property
    def reachable(self) -> bool:
        """Whether mail may go to the address that the lead gave."""
        return bool(self.address_key)


def refresh(
    settings: ScoreSettings | TriggerSettings, subject: str, rules: Rules, now: int, rest_until: int | None = None
) -> Refreshed | None:
    """Fold the lead that a subject belongs to and write its record; None when it has no events.

    Whoever is going to do what is due says in `rest_until` when the lead may be found due again.

    When someone else writes the record in between, reads and folds again. Raises VersionConflictError after five
    attempts, which leaves the subject to the next delivery.
    """
    conflicts = 0
    for _ in range(_CHANGES):
        try:
            refreshed, changed = _refresh(settings, subject, rules, now, rest_until)
        except VersionConflictError:
            conflicts += 1
            if conflicts == _CONFLICTS:
                raise
        else:
            if not changed:
                return refreshed
    raise VersionConflictError("the lead does not come to rest")


def _refresh(
    settings: ScoreSettings | TriggerSettings, subject: str, rules: Rules, now: int, rest_until: int | None
) -> tuple[Refreshed | None, bool]:
    """The lead, and whether it has to be looked at again because it was merged or parted."""
    tree = table.load_tree(settings.table_name, subject, now)
    events = tree.events
    if not events:
        return None, False
    record = tree.record
    lead = fold(record.subject, events, rules, now)
    me = Party(tree, lead.claims)
    place = merging.Place(settings.table_name, settings.secret_arn, settings.retention_days, rules.trusted)
    if merging.resolve(place, me, now):
        return None, True
    address = _address(settings, me)
    fresh = make_record(lead, address, record.version + 1, rest_until)
    if (fresh.data, fresh.due_at) == (record.data, record.due_at):
        fresh = record
    else:
        table.save(settings.table_name, fresh)
    key = address["key"] if address and address["owned"] else ""
    return Refreshed(lead, tuple(tree.ledgers), fresh.version, key), False


def _address(settings: ScoreSettings | TriggerSettings, me: Party) -> dict[str, Any] | None:
    """Which address the lead gave, as a key, and whether it owns it; whoever was first does, until proof tells."""
    if not me.claims.address:
        return None
    key = key_of(settings.secret_arn, me.claims.address)
    if not key:
        return {"key": "", "owned": False}
    before = me.tree.record.address
    if before.get("key") == key:
        return dict(before)
    owner = table.own_address(settings.table_name, key, me.claimant(me.claims.address))
    return {"key": key, "owned": owner in me.tree.ledgers}
