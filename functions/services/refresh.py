"""Refresh a lead's record from its ledgers: read, fold, merge or unmerge, and write the record conditionally."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from adapters.delivery.send_limits import release_mailbox
from adapters.identity import address_items
from adapters.identity.address_items import Action
from adapters.identity.address_keys import key_of
from adapters.reports.rollup import Reporter, report_visits
from adapters.runtime.secrets import secret
from adapters.runtime.settings import ScoreSettings, TriggerSettings
from adapters.runtime.telemetry import count, logger, pseudonym
from adapters.store import lead_records, public_profile
from adapters.store.load_lead import load_merged_lead
from ripen.addresses.address import comparable
from ripen.errors import VersionConflictError
from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.fold.rules import Rules
from ripen.leads.identifiers import REFUSED
from ripen.leads.lead import Lead, Reach
from ripen.leads.suppression import shortened
from ripen.privacy.erasure import only_withdrawals
from ripen.sessions.sessions import NOTHING_BEFORE, Span
from ripen.sessions.state import visited_before
from ripen.storage.checkpoint import settle
from ripen.storage.lead_record import Folded, address_state, make_record, reach_of
from ripen.storage.ledger import Unreadable
from ripen.storage.merged_lead import MergeCandidate, MergedLead
from services import identity_resolution
from services.telling import tell_systems

_CONFLICTS = 5
NOTHING_NEW = "~"
"""A text that sorts after every sort key: no item is new."""
_CHANGES = 100
"""An upper bound for the merges and unmerges of one lead."""


class Refreshed(NamedTuple):
    """A folded lead, the merged lead it was folded from, and the version of its record.

    `address_key` is the key of its address, `owned` is true if the lead owns it, `reach` is the mail that it may get.
    `crm` are the marks of what other systems were told.
    """

    lead: Lead
    tree: MergedLead
    version: int
    address_key: str
    owned: bool
    reach: Reach
    crm: Mapping[str, Any] = MappingProxyType({})

    @property
    def subjects(self) -> tuple[str, ...]:
        """All subjects of the lead, the root first."""
        return tuple(self.tree.ledgers)


class FoldRequest(NamedTuple):
    """The subject to refresh, the rules, and the moment `now` (milliseconds).

    `oldest_key` is the lowest sort key of the new items; an empty one requests a full fold. Callers that act on the
    lead pass `retry_at`, the earliest next due time (milliseconds); open claims are then loaded too. With `doubtful`,
    owner and suppressions of the addresses are read from the table, whatever the record says.
    """

    subject: str
    rules: Rules
    now: int
    oldest_key: str = NOTHING_NEW
    retry_at: int | None = None
    doubtful: bool = False


def refresh(settings: ScoreSettings | TriggerSettings, task: FoldRequest) -> Refreshed | None:
    """Fold the lead that a subject belongs to, and write its record; None if it has no events, or only withdrawals.

    Unreadable items are quarantined, and the lead is folded without them. After a conflict with another writer the lead
    is read and folded again. Raises VersionConflictError after five conflicts; the next delivery then tries again.
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
            task = task._replace(oldest_key="")  # the events just written may sort before a checkpoint's end
    raise VersionConflictError("the lead still changes after 100 merges and unmerges")


def _refresh(settings: ScoreSettings | TriggerSettings, task: FoldRequest) -> tuple[Refreshed | None, bool]:
    """The refreshed lead, and True if it has to be read again because it was merged, unmerged or given an event."""
    tree, lead = _folded(settings, task)
    record = tree.record
    if lead is None:
        if record.version and not tree.events and not tree.edges:
            for key in record.address_keys:
                address_items.release_address(settings.table_name, key, record.subject)
            lead_records.drop(settings.table_name, record.subject, record.version)
        elif task.retry_at is not None and record.due_at is not None:
            lead_records.disarm(settings.table_name, record.subject, record.due_at)
        return None, False
    me = MergeCandidate(tree, lead.claims)
    place = identity_resolution.Place(
        settings.table_name,
        settings.secret_arn,
        settings.retention_days,
        task.rules.trusted,
        settings.link_secret_arn,
    )
    leaves = lead.must_go
    address, free = _address(settings, me, doubtful=task.doubtful)
    if tree.checkpoint is None and identity_resolution.resolve(place, me, task.now, leaves=leaves):
        return None, True
    if _take_over_suppressions(settings, place, me, task):
        return None, True
    kept = settle(tree.items, task.rules, task.now, tree.checkpoint, whole=_whole(tree))
    settled = kept or tree.checkpoint
    visits = _report_visits(settings.table_name, tree, task)
    known = public_profile.of_lead(lead, tree.ledgers)
    crm = tell_systems(settings, tree, lead, task.rules, owned=bool(address and address["owned"]))
    folded = Folded(
        tree.seen,
        settled.name if settled else None,
        visits,
        public_profile.digests(known),
        told(settings, me),
        crm.marks,
        crm.again_at,
    )
    fresh = make_record(lead, address, record, folded, task.retry_at)
    if (fresh.data, fresh.due_at) == (record.data, record.due_at) and not free:
        fresh = record
    else:
        news = _address_writes(settings, me, address, me.prover(lead.address, task.rules.trusted) if free else "")
        lead_records.save(settings.table_name, fresh, kept, public_profile.changed(record.front, known), news)
        if not record.version and not lead_records.has_events(settings.table_name, record.subject):  # erased meanwhile
            lead_records.drop(settings.table_name, record.subject, fresh.version)
    found = address or {"key": "", "owned": False}
    return Refreshed(lead, tree, fresh.version, found["key"], found["owned"], reach_of(address), crm.marks), False


def unchanged(table_name: str, refreshed: Refreshed) -> bool:
    """True if no event of the lead was stored since the fold."""
    before = refreshed.tree
    recent = before.checkpoint is not None
    found = load_merged_lead(table_name, before.record.subject, refreshed.lead.now, recent=recent)
    return found.seen == before.seen


def whole(table_name: str, refreshed: Refreshed, rules: Rules) -> tuple[Lead, list[Event]] | None:
    """The lead folded from its first event, so with all awards and moves, and its events; None if it was erased."""
    events = load_merged_lead(table_name, refreshed.lead.subject, refreshed.lead.now).events
    if not events:
        return None
    return fold(refreshed.lead.subject, events, rules, refreshed.lead.now), events


def _folded(settings: ScoreSettings | TriggerSettings, task: FoldRequest) -> tuple[MergedLead, Lead | None]:
    """The merged lead and its fold, resumed from the checkpoint if possible; None if there is nothing to fold."""
    tree = _read(settings, task, recent=bool(task.oldest_key))
    kept = tree.checkpoint
    if kept and kept.holds(task.rules, tree.events, task.now) and task.oldest_key >= kept.below:
        state = kept.resume(task.rules)
        known = state.claims.identities()
        lead = fold(tree.record.subject, tree.events, task.rules, task.now, state)
        if lead.claims.identities() == known:  # new identifiers need all events, to resolve merges
            return tree, lead
    if kept:
        tree = _read(settings, task, recent=False)
    events = tree.events
    if not events or (not tree.record.version and only_withdrawals(events)):
        return tree, None
    return tree, fold(tree.record.subject, events, task.rules, task.now)


def _report_visits(table_name: str, tree: MergedLead, task: FoldRequest) -> dict[str, list[Span]]:
    """Report new and changed visits for the daily figures; returns those that the next record keeps, by subject."""
    kept = tree.checkpoint
    before = visited_before(kept.state) if kept else NOTHING_BEFORE
    found = {}
    for subject, events in tree.ledgers.items():
        if events:
            reporter = Reporter(table_name, subject, task.rules, before)
            found[subject] = report_visits(reporter, events, tree.record, task.now)
    return found


def _read(settings: ScoreSettings | TriggerSettings, task: FoldRequest, *, recent: bool) -> MergedLead:
    claims = task.retry_at is not None
    tree = load_merged_lead(settings.table_name, task.subject, task.now, recent=recent, claims=claims)
    for found in tree.unreadable:
        _set_aside(settings.table_name, found, task.now)
    return tree


def _whole(tree: MergedLead) -> bool:
    """True if all events of the lead were read. If the lead has outgrown a fold, an error is logged and counted."""
    whole = all(seen.whole for seen in tree.seen.values())
    if not whole and (tree.checkpoint is None or tree.checkpoint.seen.whole):
        logger.error(
            "A lead exceeds the fold limit; its oldest events are ignored",
            extra={"lead": pseudonym(tree.record.subject)},
        )
        count("LeadOutgrown")
    return whole


def _set_aside(table_name: str, found: Unreadable, now: int) -> None:
    from adapters.store.quarantine import quarantine  # noqa: PLC0415 - rarely needed

    if quarantine(table_name, found, now):
        logger.error(
            "Unreadable events were quarantined; the lead is folded without them",
            extra={"lead": pseudonym(found.subject), "reason": found.reason},
        )
        count("EventsSetAside")


def _address(
    settings: ScoreSettings | TriggerSettings, me: MergeCandidate, *, doubtful: bool
) -> tuple[dict[str, Any] | None, bool]:
    """The state of the lead's address, as in `Record.address`, or None; only a proven address is owned.

    Also returns True if the ownership is not in the table yet.
    """
    claim = me.claims.addresses.get(comparable(me.claims.address))
    if claim is None:
        return None, False
    key = key_of(settings.secret_arn, claim.text)
    before = me.tree.record.address
    owned, free = bool(key and claim.proof.is_proof), False
    if owned and (doubtful or not (before.get("key") == key and before["owned"])):
        owner = address_items.owner_of(settings.table_name, key)
        free = not owner
        owned = free or owner in me.tree.ledgers
    return address_state(me.claims, key, owned=owned), free


def _take_over_suppressions(
    settings: ScoreSettings | TriggerSettings, place: identity_resolution.Place, me: MergeCandidate, task: FoldRequest
) -> bool:
    """Record suppressions that the lead's addresses got through mails to other leads. True if an event was written.

    They are read if an address is new to the lead, and after a claim failed because of a suppression (`doubtful`).
    """
    known, written = me.tree.record.address_keys, False
    for text, key in _keys(settings, me):
        if task.doubtful or key not in known:
            found = address_items.suppressions_of(settings.table_name, key)
            if found.reason and me.claims.refusal_of(text) != found.reason:
                about = f"{shortened(key)} {found.reason} {found.since}"
                properties = {"address": text, "reason": found.reason}
                event = identity_resolution.own_event(me.claimant(text), found.since, REFUSED, about, properties)
                written = identity_resolution.note(place, me, event, task.now) or written
    return written


def _address_writes(
    settings: ScoreSettings | TriggerSettings, me: MergeCandidate, address: Mapping[str, Any] | None, new_owner: str
) -> list[Action]:
    """The writes about the lead's addresses that belong in the transaction with its record: claims and ownership.

    `new_owner` is the subject that becomes the owner of `address`; empty if the table has the owner. Also resets the
    send limit of a mailbox whose address the lead has just proven.
    """
    table, record = settings.table_name, me.tree.record
    claims = {key: me.claims.addresses[comparable(text)] for text, key in _keys(settings, me)}
    news = [
        address_items.claiming(table, key, me.claimant(claim.text), claim.at)
        for key, claim in claims.items()
        if key not in record.told
    ]
    before = record.address.get("key", "") if record.address.get("owned") else ""
    owned = address["key"] if address and address["owned"] else ""
    if new_owner:
        news.append(address_items.owning(table, owned, new_owner))
    if owned and owned != before:
        release_mailbox(table, me.claims.address, secret(settings.secret_arn))
    proven = before in claims and claims[before].proof.is_proof
    if before and not proven and (owner := address_items.owner_of(table, before)) in me.tree.ledgers:
        news.append(address_items.disowning(table, before, owner))
    return [*news, lead_records.still_there(table, record, me.tree.items)] if news and not record.version else news


def told(settings: ScoreSettings | TriggerSettings, me: MergeCandidate) -> list[str]:
    """The value of `Record.told`: a mark for each address of the lead, and one for each suppression.

    Pages and SES reports store a suppression at its address at once. This stores those of events that lack the address.
    """
    marks = [key for _, key in _keys(settings, me)]
    for text, refusal in me.claims.refused.items():
        if key := key_of(settings.secret_arn, text):
            mark = f"{key} {refusal.reason} {refusal.at}"
            if mark not in me.tree.record.told:
                address_items.suppress(settings.table_name, shortened(key), refusal.reason, refusal.at)
            marks.append(mark)
    return marks


def _keys(settings: ScoreSettings | TriggerSettings, me: MergeCandidate) -> list[tuple[str, str]]:
    """The lead's valid addresses, each with its key."""
    found = ((claim.text, key_of(settings.secret_arn, claim.text)) for claim in me.claims.addresses.values())
    return [(text, key) for text, key in found if key]
