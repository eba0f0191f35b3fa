"""Properties that every world must have once it is idle, whatever happened before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from adapters.delivery.account_hold import ACCOUNT, HOLD_KEY
from adapters.delivery.ses_tags import tag
from adapters.reports.rollup import read_day
from adapters.runtime.settings import ScoreSettings, TriggerSettings, settings
from adapters.store import public_profile, week_counts
from adapters.store.load_lead import load_merged_lead
from ripen.addresses.address import address_key, comparable
from ripen.addresses.mailbox import mailbox
from ripen.events.event import ENDS, HANDOFF, MAIL, MAILED, OUTCOMES, WEBHOOK, Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.leads.identifiers import UNMERGED
from ripen.leads.lead import Lead
from ripen.leads.proof import Proof
from ripen.people.state import ASSIGNED
from ripen.rehearsal.forecast import WEEK
from ripen.reports.metrics import Figures, add_up, figures_of
from ripen.reports.rollup import hour_of, latest_spans
from ripen.sales.decisions import DECISIONS, LOST, RETURNED, UNDONE
from ripen.sales.state import HANDED_OFF, STATUSES, without_undone
from ripen.sessions.sessions import visits
from ripen.storage.lead_record import Folded, Record, make_record, reach_of
from ripen.storage.ledger import (
    ASIDE_PREFIX,
    ASIDE_SHARD,
    EVENT_PREFIX,
    IDENTITY_KEY,
    MEMBER_PREFIX,
    RECORD_KEY,
    intent_key,
)
from ripen.storage.merged_lead import MergeCandidate, MergedLead
from ripen.times import DAY, HOUR, SECOND, parse_iso, to_iso
from services import identity_resolution
from services import refresh as leads
from simulation.fake_services import SECRET, Mail
from simulation.site_rules import BRAKES, CONFIGURATIONS, FADES_AFTER
from simulation.world import TYPED, VISITORS, World
from stories import text_of
from trigger.rollup import roll_up

_FORECAST = {MAIL: "mails", HANDOFF: "handoffs"}

RULES = {version: compile_rules(configuration, version) for version, configuration in CONFIGURATIONS.items()}


@dataclass
class Rest:
    """A world that is idle, with all leads in it."""

    world: World
    leads: Sequence[MergedLead]

    @cached_property
    def folds(self) -> Mapping[str, Lead]:
        """Each lead folded from scratch, by its root."""
        rules, now = RULES[self.world.version], self.world.now
        return {tree.record.subject: fold(tree.record.subject, tree.events, rules, now) for tree in self.leads}

    @cached_property
    def ledgers(self) -> Mapping[str, Sequence[Event]]:
        """The events of all subjects."""
        return {subject: events for tree in self.leads for subject, events in tree.ledgers.items()}

    @cached_property
    def mails(self) -> Sequence[Mail]:
        """The mails to leads that were not erased; an erased lead may get a mail again."""
        return [mail for mail in self.world.ses.mails if mail.subject not in self.world.erased]


def check(world):
    """Raises AssertionError that names the first invariant that does not hold."""
    rest = Rest(world, leads_of(world))
    no_event_is_lost_or_counted_twice(rest)
    every_pointer_has_its_member(rest)
    every_record_is_a_fold_from_scratch(rest)
    no_fold_mixes_versions_of_the_rules(rest)
    if not world.erased and not world.expired:
        first_weeks_equal_a_recount(rest)
    public_profiles_match_the_leads(rest)
    unreadable_items_are_quarantined(rest)
    no_merge_is_left_undone(rest)
    no_mail_is_sent_twice(rest)
    every_intent_has_an_outcome(rest)
    no_message_fails_because_of_ses(rest)
    no_mail_follows_a_refusal(rest)
    marketing_needs_double_opt_in(rest)
    addresses_belong_to_leads_that_proved_them(rest)
    every_lead_is_found_by_each_of_its_addresses(rest)
    no_mail_contains_words_of_a_stranger(rest)
    no_mail_is_sent_while_a_planted_link_merges_a_stranger(rest)
    no_reserved_event_is_forged(rest)
    erased_leads_are_gone(rest)
    if world.braked:
        unproven_mailboxes_are_not_flooded(rest)
    no_cap_is_exceeded(rest)
    quiet_hours_are_kept(rest)
    every_webhook_arrived(rest)
    every_lead_stays_with_its_rep(rest)
    if world.decides:
        decisions_of_sales_are_respected(rest)
        one_decision_is_in_force(rest)
        every_crossing_leads_to_one_handoff(rest)
    an_imported_history_starts_nothing(rest)
    other_systems_heard_of_everything(rest)
    other_systems_heard_nothing_untrue(rest)
    no_lead_stays_due(rest)
    if not world.settles and not world.erased:  # daily figures keep the visits of erased leads
        figures_equal_a_recount(rest)


def no_event_is_lost_or_counted_twice(rest):
    for subject, ids in rest.world.accepted.items():
        stored = Counter(event.id for event in rest.ledgers.get(subject, ()) if event.source != "ripen")
        assert stored == Counter(ids), f"{subject}: accepted {sorted(ids)}, in the ledger {stored}"


def every_pointer_has_its_member(rest):
    items = rest.world.table.items
    pointers = {(item["lead"]["S"], pk) for (pk, sk), item in items.items() if sk == RECORD_KEY and "lead" in item}
    members = {(pk, sk.removeprefix(MEMBER_PREFIX)) for pk, sk in items if sk.startswith(MEMBER_PREFIX)}
    assert pointers == members, f"pointers {pointers}, members {members}"
    for pair in pointers:
        for subject in pair:
            assert "Lead Merged" in {event.name for event in rest.ledgers.get(subject, ())}, (
                f"{subject} was merged in silence"
            )


def every_record_is_a_fold_from_scratch(rest):
    conversions = RULES[rest.world.version].conversions
    for tree in rest.leads:
        lead = rest.folds[tree.record.subject]
        visits = {subject: latest_spans(events, conversions) for subject, events in tree.ledgers.items() if events}
        if tree.record.settled:  # a settled record keeps only recent visits
            visits = json.loads(tree.record.data).get("visits", {})
        known = public_profile.digests(public_profile.of_lead(lead, tree.ledgers))
        told = leads.told(settings(ScoreSettings), MergeCandidate(tree, lead.claims))
        folded = Folded(tree.seen, tree.record.settled, visits, known, told, tree.record.crm)
        expected = make_record(lead, _address(rest.world, tree, lead), Record(lead.subject, 0, "", None), folded)
        assert tree.record.data == expected.data, f"the record differs from its ledger\n{tree.record}\n{expected}"
        held = rest.world.braked and any(intent.channel == MAIL for intent in lead.pending)
        late = (
            not held
            and expected.due_at is not None
            and (tree.record.due_at is None or tree.record.due_at > expected.due_at)
        )
        assert not late, f"{lead.subject}: due at {tree.record.due_at}, which is later than {expected.due_at}"


def no_fold_mixes_versions_of_the_rules(rest):
    assert not rest.world.mixed, f"a mixture of versions: {rest.world.mixed}"


def first_weeks_equal_a_recount(rest):
    expected = {activated_at: Counter() for activated_at in rest.world.live_since}
    for (subject, key), item in rest.world.table.items.items():
        if key.startswith("S#") and "rules" in item and item["channel"]["S"] in _FORECAST:
            kind, before = _FORECAST[item["channel"]["S"]], 0
            for event in _outcomes(rest, subject, key):
                done = int(event.name in (*MAILED, "Lead Handed Off"))
                if event.at - parse_iso(item["rules"]["S"]) < WEEK:
                    expected[item["rules"]["S"]][kind] += done - before
                before = done
    for activated_at, recount in expected.items():
        found = week_counts.counts("ripen", activated_at)
        assert found == {kind: recount[kind] for kind in found}, f"in the week after {activated_at}: {found}, {recount}"


def _outcomes(rest, subject, key):
    """The events that ended an intent, oldest first."""
    intent = key.removeprefix("S#").replace("#", "_")
    found = [event for event in rest.ledgers.get(subject, ()) if event.name in OUTCOMES]
    return [event for event in found if event.id.rpartition("_")[0] == intent]


def public_profiles_match_the_leads(rest):
    said = {}
    for tree in rest.leads:
        lead = rest.folds[tree.record.subject]
        said |= {known.subject: known.data for known in public_profile.of_lead(lead, tree.ledgers) if known.data}
    items = rest.world.table.items.items()
    shown = {pk.removeprefix("O#"): item["data"]["S"] for (pk, sk), item in items if sk == public_profile.FRONT_KEY}
    assert shown == said, f"websites know {shown}, leads say {said}"


def unreadable_items_are_quarantined(rest):
    for tree in rest.leads:
        assert not tree.unreadable, f"still in the ledger: {tree.unreadable}"
    aside = [key for key in rest.world.table.items if key[1].startswith(ASIDE_PREFIX)]
    assert len(aside) == rest.world.planted.total(), f"{rest.world.planted} were planted, set aside are {aside}"


def no_merge_is_left_undone(rest):
    place = identity_resolution.Place("ripen", "secret", 730, RULES[rest.world.version].trusted)
    for tree in rest.leads:
        me = identity_resolution.candidate(place, tree.record.subject, rest.world.now)
        claimed = {f"u:{user}" for user, claim in me.claims.users.items() if claim.proof is Proof.CLAIMED}
        others = [event for other in rest.leads if claimed & set(other.ledgers) for event in other.events]
        if any(event.name == UNMERGED for event in others):
            continue  # a claim on an unmerged subject is resolved with the browser's next event
        gone = claimed - {subject for other in rest.leads for subject in other.ledgers}
        if gone and any(event.name == UNMERGED for event in me.tree.events):
            continue  # likewise, if all of the subject's events were erased or have expired since
        assert not identity_resolution.resolve(place, me, rest.world.now), (
            f"{me.subject} and others: something was left to merge"
        )


def no_mail_is_sent_twice(rest):
    twice = [mail for mail, count in Counter(rest.mails).items() if count > 1]
    assert not twice, f"sent twice: {twice}"


def every_intent_has_an_outcome(rest):
    claims = {key: item for key, item in rest.world.table.items.items() if key[1].startswith("S#")}
    for (subject, key), item in claims.items():
        campaign, step, cycle = key.removeprefix("S#").split("#")
        status, channel = item["status"]["S"], item["channel"]["S"]
        if status == "waiting":  # the intent that waited is no longer valid
            continue
        assert status in ENDS[channel], f"{subject} {key} is {status}"
        recorded = {
            event.name
            for event in rest.ledgers.get(subject, ())
            if event.name in OUTCOMES
            and (event.properties["campaign"], str(event.properties["cycle"])) == (campaign, cycle)
        }
        assert ENDS[channel][status] in recorded, f"{subject} {key} is {status}, recorded is {recorded}"
        if channel != MAIL:
            continue
        intent = f"{campaign}_{step}_{cycle}"
        was_sent = any((mail.subject, mail.intent) == (subject, intent) for mail in rest.world.ses.mails)
        assert was_sent or status != "sent", f"{subject} {key} was never sent"
        anew = subject in rest.world.erased  # an erased lead may have been mailed before the erasure
        assert status in ("sent", "unconfirmed") or not was_sent or anew, f"{subject} {key} was sent and is {status}"
    known = {(subject, f"{key[2:].replace('#', '_')}") for subject, key in claims}
    unclaimed = [mail for mail in rest.mails if (mail.subject, mail.intent) not in known]
    assert not unclaimed, f"sent without a claim: {unclaimed}"


def no_message_fails_because_of_ses(rest):
    assert not rest.world.unsent, f"would become dead letters while SES sends nothing: {rest.world.unsent}"


def no_mail_follows_a_refusal(rest):
    late = [claim for claim in _mailed(rest) if claim.stopped]
    assert not late, f"mailed after a no: {late}"


def marketing_needs_double_opt_in(rest):
    asked = [claim for claim in _mailed(rest) if claim.marketing and not claim.confirmed]
    assert not asked, f"mailed without a double opt-in: {asked}"


def addresses_belong_to_leads_that_proved_them(rest):
    owners = {pk: item["owner"]["S"] for (pk, sk), item in rest.world.table.items.items() if sk == IDENTITY_KEY}
    proven = {
        tree.record.subject: {
            address_key(text, SECRET.encode()) for text in rest.folds[tree.record.subject].claims.proven
        }
        for tree in rest.leads
    }
    for tree in rest.leads:
        lead = rest.folds[tree.record.subject]
        key = address_key(lead.address, SECRET.encode())
        if lead.proof.is_proof and owners.get(key) not in tree.ledgers:
            others = [one.record.subject for one in rest.leads if owners.get(key) in one.ledgers]
            assert any(key in proven[other] for other in others), (
                f"{lead.subject} has proven what {owners.get(key)} owns"
            )


def every_lead_is_found_by_each_of_its_addresses(rest):
    for tree in rest.leads:
        for claim in rest.folds[tree.record.subject].claims.addresses.values():
            key = address_key(claim.text, SECRET.encode())
            found = [sk for pk, sk in rest.world.table.items if pk == key and sk in tree.ledgers]
            assert found, f"{tree.record.subject} gave {claim.text}, and nobody could tell"


def no_mail_contains_words_of_a_stranger(rest):
    for claim in _mailed(rest):
        readers = {subject.removeprefix("a:") for subject in claim.readers}
        words = [f"{TYPED}{visitor}" for visitor in VISITORS if visitor not in readers]
        assert not any(word in claim.text for word in words), f"a stranger's words: {claim}"


def no_mail_is_sent_while_a_planted_link_merges_a_stranger(rest):
    planted = [claim for claim in _mailed(rest) if claim.strays]
    assert not planted, f"mailed while somebody else was a part of the lead: {planted}"


def no_reserved_event_is_forged(rest):
    assert not rest.world.forged, f"taken: {rest.world.forged}"
    assert not rest.world.overwritten, f"an event of Ripen's own was replaced: {rest.world.overwritten}"


def unproven_mailboxes_are_not_flooded(rest):
    since, hours = {}, Counter()
    for claim in _mailed(rest):
        if claim.proven:
            since.pop(mailbox(claim.to), None)
            continue
        hours[claim.at // HOUR] += 1
        before = [at for at, released in since.get(mailbox(claim.to), []) if released == claim.released]
        since.setdefault(mailbox(claim.to), []).append((claim.at, claim.released))
        assert len(before) < BRAKES["overall"], f"one mail too many to an unproven mailbox: {claim}"
        assert not before or claim.at - max(before) >= DAY, f"two mails a day to an unproven mailbox: {claim}"
    assert not hours or max(hours.values()) <= BRAKES["per_hour"], f"mails to unproven mailboxes, by hours: {hours}"


def erased_leads_are_gone(rest):
    back = {subject for subject, events in rest.ledgers.items() if events} | {*rest.world.planted}
    gone = rest.world.erased - back
    for (pk, sk), item in rest.world.table.items.items():
        if pk.startswith("V#") and item["final"]["N"] == "0":
            continue  # reported during the erasure; deleted when its hour is rolled up
        told = text_of(item)
        for subject in gone:
            assert subject not in told, f"{subject} was erased, and stands in {pk} {sk}"


def no_cap_is_exceeded(rest):
    mailed = [claim for claim in _mailed(rest) if claim.marketing]
    for n, claim in enumerate(mailed):
        before = [one.at for one in mailed[:n] if one.subject in claim.lead]
        assert not before or claim.at - max(before) >= DAY, f"too many mails: {mailed[: n + 1]}"


def quiet_hours_are_kept(rest):
    for claim in _mailed(rest):
        local = datetime.fromtimestamp(claim.at / SECOND, ZoneInfo("Europe/Berlin"))
        assert not claim.marketing or 8 <= local.hour < 20, f"mailed at {local}: {claim}"


def every_webhook_arrived(rest):
    items = rest.world.table.items.items()
    told = {
        f"{tag(pk)}_{sk.removeprefix('S#').replace('#', '_')}"
        for (pk, sk), item in items
        if sk.startswith("S#") and item["channel"]["S"] == WEBHOOK and item["status"]["S"] == "sent"
    }
    assert told <= {*rest.world.receiver.received}, f"never arrived: {told - {*rest.world.receiver.received}}"


def every_lead_stays_with_its_rep(rest):
    """Of a lead that was never merged, all that reps did was done by the rep whose lead it is.

    Two handoffs that were tried before may both tell of the same assignment.
    """
    for subject, events in rest.ledgers.items():
        if any(event.name in ("Lead Merged", "Lead Unmerged") for event in events):
            continue
        owner = ""
        for event in events:
            rep = event.properties.get("rep") if event.source == "ripen" else None
            if event.name == ASSIGNED and event.source == "ripen":
                assert rep != owner or rest.world.decides, f"{subject} was assigned to {rep} twice"
                owner = rep
            elif rep and owner and event.name in (*MAILED, "Lead Handed Off"):  # an assignment may have expired
                assert rep == owner, f"{subject}, which is {owner}'s: {event.name} by {rep}"


def decisions_of_sales_are_respected(rest):
    """A lead rests until its day, begins again from zero, and is no longer a reason for reminders."""
    latest = {(claim.subject, claim.key): claim for claim in rest.world.claims.told}  # earlier ones were released
    for (subject, key), claim in latest.items():
        item = rest.world.table.items.get((subject, key), {})
        assert not claim.broken or item.get("status") != {"S": "sent"}, f"{subject} {key} was {claim.broken}"


def one_decision_is_in_force(rest):
    """The latest one since the last handoff that was not undone."""
    for tree in rest.leads:
        told = [event for event in tree.events if event.source == "ripen"]
        undone = {event.properties["decision"] for event in told if event.name == UNDONE}
        left = [event for event in told if event.name in STATUSES and event.id not in undone]
        last = max(left, key=lambda event: (event.at, event.id), default=None)
        expected = last.id if last is not None and last.name in DECISIONS else ""
        found = rest.folds[tree.record.subject].decision
        assert (found.id if found else "") == expected, f"{tree.record.subject}: {found} is in force, not {expected}"


def every_crossing_leads_to_one_handoff(rest):
    """The score crosses the threshold at first, after it has faded, and after sales gave the lead back."""
    for subject, events in rest.ledgers.items():
        names = Counter(event.name for event in events)
        if names["Lead Merged"] or subject in rest.world.erased:
            continue
        handed = [event for event in events if event.name == HANDED_OFF and event.properties["campaign"] == "ripe"]
        faded = (max(event.at for event in events) - min(event.at for event in events)) // FADES_AFTER
        crossings = 1 + faded + names[RETURNED] + names[LOST]
        assert len(handed) <= crossings, f"{subject}: {len(handed)} handoffs, {crossings} crossings at most"


def an_imported_history_starts_nothing(rest):
    for tree in rest.leads:
        said = [event for event in tree.events if event.source != "ripen"]
        if all(event.imported and event.id not in rest.world.lived for event in said):
            lead = rest.folds[tree.record.subject]
            assert not [*lead.notes, *lead.pending], f"{lead.subject} was only imported: {lead.notes}"


def other_systems_heard_of_everything(rest):
    """Each handoff, assignment and decision in a ledger, and the phase of each lead with an address of its own."""
    told = {_telling(event) for event in rest.world.bus.events}
    for subject, events in rest.ledgers.items():
        for _, event in without_undone([(event.at, event) for event in events]):
            happened = _happening(event)
            assert happened is None or happened in told, f"{subject}: nobody was told of {happened}"
    entered = {(one["lead"]["id"], one["entered"]["phase"]) for one in rest.world.bus.events if "entered" in one}
    for tree in rest.leads:
        lead, address = rest.folds[tree.record.subject], tree.record.address
        known = lead.handoff or lead.decision or (lead.proof.is_proof and address.get("owned"))
        if known and lead.moves[-1].at > lead.history_until:
            assert (lead.subject, lead.phase) in entered, f"{lead.subject}: nobody was told of phase {lead.phase}"


def other_systems_heard_nothing_untrue(rest):
    by_id = {}
    for told in rest.world.bus.events:
        same = by_id.setdefault(told["id"], told)
        assert _telling(same) == _telling(told), f"one id for two things: {same} and {told}"
    if rest.world.erased or rest.world.expired:
        return  # what was told then is not in a ledger any more
    true = {_happening(event) for events in rest.ledgers.values() for event in events}
    for told in by_id.values():
        assert "entered" in told or _telling(told) in true, f"told and not true: {told}"


def _telling(told):
    """What an event for other systems tells, as `_happening` tells it."""
    part = told.get("handoff") or told.get("assignment") or told.get("decision") or told.get("undone") or {}
    return told["event"], told["at"], part.get("rep") or part.get("id", "")


def _happening(event):
    """What other systems have to hear of an event of a ledger; None if nothing."""
    if event.source == "ripen" and event.name in ("Lead Handed Off", ASSIGNED):
        return event.name, to_iso(event.at), event.properties.get("rep") or _intent(event)
    if event.source == "ripen" and event.name == UNDONE:
        return event.name, to_iso(event.at), event.properties["decision"]
    told = event.name in DECISIONS and event.source in ("ripen", "crm") and not event.imported
    return (event.name, to_iso(event.at), event.id) if told else None


def _intent(event):
    return "_".join(str(event.properties[part]) for part in ("campaign", "step", "cycle"))


def _mailed(rest):
    return [claim for claim in rest.world.claims.made if claim.sent]


def no_lead_stays_due(rest):
    now = to_iso(rest.world.now)
    armed = {
        key: item["due_at"]["S"]
        for key, item in rest.world.table.items.items()
        if item.get("due_shard", {"S": ASIDE_SHARD})["S"] != ASIDE_SHARD and key != (ACCOUNT, HOLD_KEY)
    }
    due = [key for key, at in armed.items() if at <= now]
    assert not due, f"still due at {now}: {due}"
    waiting = [key for key, item in rest.world.table.items.items() if item.get("status") == {"S": "waiting"}]
    for tree in rest.leads:
        subject = tree.record.subject
        record = json.loads(rest.world.table.items[subject, RECORD_KEY]["data"]["S"])
        due = rest.folds[subject].due(reach_of(record["address"]))
        resting = {key for pk, key in waiting if pk in tree.ledgers}
        left = [one for one in due if intent_key(one.campaign, one.step, one.cycle) not in resting]
        if rest.world.braked:
            left = [one for one in left if one.channel != MAIL]
        assert not left, f"{subject} waits for {left}"


def figures_equal_a_recount(rest):
    roll_up(settings(TriggerSettings), rest.world.now + 2 * DAY, lambda: False)
    expected = {}
    rules = RULES[rest.world.version]
    for tree in rest.leads:
        for events in tree.ledgers.values():
            for visit in visits(events, rules.conversions, ignored=rules.ignored_referrers):
                expected.setdefault(hour_of(visit.start), []).append(figures_of(visit))
    days = sorted({pk.removeprefix("T#") for pk, _ in rest.world.table.items if pk.startswith("T#2")})
    found = {hour: total for day in days for hour, total in read_day("ripen", day).hours.items()}
    for hour in sorted({*expected, *found}):
        recount = add_up(expected.get(hour, []))
        assert found.get(hour, Figures()) == recount, f"{to_iso(hour)}: {found.get(hour)}, counted anew {recount}"


def leads_of(world):
    found = {}
    for subject in sorted({pk for pk, sk in world.table.items if sk.startswith(EVENT_PREFIX)}):
        if not any(subject in tree.ledgers for tree in found.values()):
            tree = load_merged_lead("ripen", subject, 0)
            found[tree.record.subject] = tree
    return [tree for tree in found.values() if tree.events]


def _address(world, tree, lead):
    claim = lead.claims.addresses.get(comparable(lead.address))
    if claim is None:
        return None
    key = address_key(claim.text, SECRET.encode())
    owner = world.table.items.get((key, IDENTITY_KEY), {}).get("owner", {"S": ""})["S"]
    found = {"key": key, "owned": claim.proof.is_proof and owner in tree.ledgers}
    found |= {"suppressed": lead.suppressed} if lead.suppressed else {}
    refused = lead.claims.refusal_of(lead.address) in ("bounced", "complained")
    return found | ({"undeliverable": True} if refused else {})
