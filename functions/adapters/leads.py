"""Bring a lead's record up to date with its ledgers: read its tree, fold, merge what is one, one conditional write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters import front, merging, records
from adapters.addresses import key_of
from adapters.brakes import release_mailbox
from adapters.figures import Reporter, report_visits
from adapters.loading import load_tree
from adapters.secret import secret
from adapters.settings import ScoreSettings, TriggerSettings
from adapters.telemetry import count, logger, pseudonym
from ripen.erasure import only_withdrawals
from ripen.errors import VersionConflictError
from ripen.event import Event
from ripen.fold import fold
from ripen.lead import Lead
from ripen.ledger import Unreadable
from ripen.record import Folded, make_record, takes_mail
from ripen.rules import Rules
from ripen.settling import settle
from ripen.state import visited_before
from ripen.tree import Party, Tree
from ripen.visits import NOTHING_BEFORE, Span

_CONFLICTS = 5
NOTHING_NEW = "~"
"""Behind every sort key."""
_CHANGES = 100
"""More merges and un-merges than one lead can have."""


class Refreshed(NamedTuple):
    """A lead, the tree it was folded from, and the version of its record.

    `address_key` is the key of its address if mail may go there: it owns the address, which nobody has turned down.
    """

    lead: Lead
    tree: Tree
    version: int
    address_key: str

    @property
    def subjects(self) -> tuple[str, ...]:
        """All that the lead consists of, the root first."""
        return tuple(self.tree.ledgers)

    @property
    def reachable(self) -> bool:
        """Whether mail may go to the address that the lead gave."""
        return bool(self.address_key)


class Task(NamedTuple):
    """What to bring up to date, under which rules, and as of when (milliseconds).

    `oldest_key` is the lowest sort key among the items that are new; an empty one asks for a fold of everything.
    Whoever is going to do what is due says in `rest_until` when the lead may be due again, and is told what is claimed.
    With `doubtful`, whose the address is has to be looked up, whatever the record says.
    """

    subject: str
    rules: Rules
    now: int
    oldest_key: str = NOTHING_NEW
    rest_until: int | None = None
    doubtful: bool = False


def refresh(settings: ScoreSettings | TriggerSettings, task: Task) -> Refreshed | None:
    """Fold the lead that a subject belongs to and write its record; None when it has no events, or only withdrew.

    What cannot be read is set aside, and the lead is folded without it. When someone else writes the record in between,
    reads and folds again. Raises VersionConflictError after five attempts, which leaves it to the next delivery.
    """
    conflicts = 0
    for _ in range(_CHANGES):
        try:
            refreshed, changed = _refresh(settings, task)
        except VersionConflictError:
            conflicts += 1
            if conflicts == _CONFLICTS:
                raise
        else:
            if not changed:
                return refreshed
    raise VersionConflictError("the lead does not come to rest")


def _refresh(settings: ScoreSettings | TriggerSettings, task: Task) -> tuple[Refreshed | None, bool]:
    """The lead, and whether it has to be looked at again because it was merged or parted."""
    tree, lead = _folded(settings, task)
    record = tree.record
    if lead is None:
        if task.rest_until is not None and record.due_at is not None:
            records.disarm(settings.table_name, record.subject, record.due_at)
        return None, False
    me = Party(tree, lead.claims)
    place = merging.Place(settings.table_name, settings.secret_arn, settings.retention_days, task.rules.trusted)
    leaves = lead.erase_at is not None
    # Claimed first: whoever finds that it belongs to somebody else has to see in the same turn who that is.
    address, marks = _address(settings, me, lead.suppressed, doubtful=task.doubtful)
    if tree.checkpoint is None and merging.resolve(place, me, task.now, leaves=leaves):
        return None, True
    kept = settle(tree.items, task.rules, task.now, tree.checkpoint)
    settled = kept or tree.checkpoint
    visits = _report_visits(settings.table_name, tree, task)
    known = front.of_lead(lead, tree.ledgers)
    folded = Folded(tree.seen, settled.name if settled else None, visits, front.digests(known))
    fresh = make_record(lead, address, record, folded, task.rest_until)
    if (fresh.data, fresh.due_at) == (record.data, record.due_at):
        fresh = record
    else:
        records.save(settings.table_name, fresh, kept, front.changed(record.front, known), marks)
    key = address["key"] if address and takes_mail(address) else ""
    return Refreshed(lead, tree, fresh.version, key), False


def unchanged(table_name: str, refreshed: Refreshed) -> bool:
    """Whether no event of the lead was stored since it was folded."""
    before = refreshed.tree
    found = load_tree(table_name, before.record.subject, refreshed.lead.now, recent=before.checkpoint is not None)
    return found.seen == before.seen


def whole(table_name: str, refreshed: Refreshed, rules: Rules) -> tuple[Lead, list[Event]]:
    """The lead as folded from its first event on, and all its events: for whoever wants to know why."""
    events = load_tree(table_name, refreshed.lead.subject, refreshed.lead.now).events
    return fold(refreshed.lead.subject, events, rules, refreshed.lead.now), events


def _folded(settings: ScoreSettings | TriggerSettings, task: Task) -> tuple[Tree, Lead | None]:
    """The lead as folded on from its checkpoint if that is possible, and from everything otherwise."""
    tree = _read(settings, task, recent=bool(task.oldest_key))
    kept = tree.checkpoint
    if kept and kept.holds(task.rules, tree.events, task.now) and task.oldest_key >= kept.below:
        state = kept.resume(task.rules)
        known = state.claims.identities()
        lead = fold(tree.record.subject, tree.events, task.rules, task.now, state)
        if lead.claims.identities() == known:  # who else this is can only be told from all that the lead said
            return tree, lead
    if kept:
        tree = _read(settings, task, recent=False)
    events = tree.events
    if not events or (not tree.record.version and only_withdrawals(events)):
        return tree, None
    return tree, fold(tree.record.subject, events, task.rules, task.now)


def _report_visits(table_name: str, tree: Tree, task: Task) -> dict[str, list[Span]]:
    """The visits of each subject, for the daily figures, as far as the next record has to remember them."""
    kept = tree.checkpoint
    before = visited_before(kept.state) if kept else NOTHING_BEFORE
    found = {}
    for subject, events in tree.ledgers.items():
        if events:
            reporter = Reporter(table_name, subject, task.rules.conversions, before)
            found[subject] = report_visits(reporter, events, tree.record, task.now)
    return found


def _read(settings: ScoreSettings | TriggerSettings, task: Task, *, recent: bool) -> Tree:
    claims = task.rest_until is not None
    tree = load_tree(settings.table_name, task.subject, task.now, recent=recent, claims=claims)
    for found in tree.unreadable:
        _set_aside(settings.table_name, found, task.now)
    return tree


def _set_aside(table_name: str, found: Unreadable, now: int) -> None:
    from adapters.aside import set_aside  # noqa: PLC0415 - hardly ever needed

    if set_aside(table_name, found, now):
        logger.error(
            "Events that cannot be read were set aside; the lead is folded without them",
            extra={"lead": pseudonym(found.subject), "reason": found.reason},
        )
        count("EventsSetAside")


def _address(
    settings: ScoreSettings | TriggerSettings, me: Party, suppressed: str, *, doubtful: bool
) -> tuple[dict[str, Any] | None, list[records.Mark]]:
    """Which address the lead gave, as a key, whether it owns it, and whether that is never mailed again.

    Whoever was first owns an address, until proof tells otherwise. Also the identities that the record's write marks,
    because the lead turned mail down: all that it gave and owns. From then on `suppressed` is `lead`, and `address`
    where only the address says so.
    """
    if not me.claims.address:
        return None, []
    before = me.tree.record.address
    found = _owned(settings, me, before, doubtful=doubtful)
    if "proven" in found and not (before.get("key") == found["key"] and "proven" in before):
        release_mailbox(settings.table_name, me.claims.address, secret(settings.secret_arn))
    if not suppressed:
        return found, []
    marks = []
    if before != found | {"suppressed": "lead"}:
        keys = {key_of(settings.secret_arn, claim.text) for claim in me.claims.addresses.values()} - {""}
        identities = {key: records.identity_of(settings.table_name, key) for key in sorted(keys)}
        marks = [
            records.Mark(key, identity.owner, suppressed)
            for key, identity in identities.items()
            if identity.owner in me.tree.ledgers and not identity.suppressed
        ]
    return found | {"suppressed": "lead"}, marks


def _owned(
    settings: ScoreSettings | TriggerSettings, me: Party, before: Mapping[str, Any], *, doubtful: bool
) -> dict[str, Any]:
    key = key_of(settings.secret_arn, me.claims.address)
    if not key:
        return {"key": "", "owned": False}
    if before.get("key") == key and not doubtful and (before["owned"] or _waits(settings, me, key)):
        owned, suppressed = before["owned"], before.get("suppressed")
    else:
        identity = records.own_address(settings.table_name, key, me.claimant(me.claims.address))
        owned, suppressed = identity.owner in me.tree.ledgers, identity.suppressed
    proven = {"proven": True} if me.claims.proven else {}
    return {"key": key, "owned": owned} | proven | ({"suppressed": "address"} if owned and suppressed else {})


def _waits(settings: ScoreSettings | TriggerSettings, me: Party, key: str) -> bool:
    """Whether the address still belongs to somebody else, who may have been erased meanwhile."""
    identity = records.identity_of(settings.table_name, key)
    return identity.owner not in me.tree.ledgers and bool(identity.owner or identity.suppressed)
