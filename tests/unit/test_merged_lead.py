"""A lead is a tree of subjects, and its history does not depend on the order of merges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.events.event import OUTCOMES, RIPEN, Event
from ripen.fold.fold import fold
from ripen.leads.identifiers import Identifier, Identifiers
from ripen.leads.proof import Proof, subject_digest
from ripen.storage.lead_record import Record
from ripen.storage.merged_lead import (
    MAX_SUBJECTS,
    MergeCandidate,
    MergedLead,
    merge_conflict,
    order_by_proof,
    too_large,
    union,
    unmerged_at,
)
from stories import START
from unit.histories import END, RULES, events, in_order

SUBJECTS = ("a:ann", "a:phone", "u:7", "a:tablet")


def mailed(at, cycle=1, campaign="agenda", name="Email Sent"):
    properties = {"campaign": campaign, "step": "plain", "cycle": cycle}
    return Event(f"{campaign}_{cycle}_{name}", name, at, RIPEN, properties=properties)


def cycles(ledgers):
    return [event.properties["cycle"] for event in union(ledgers) if event.name in OUTCOMES]


def same(one, other):
    """Two folds of the same history, but for the rounding of sums."""
    assert one.moves == other.moves
    assert one.traits == other.traits
    assert one.claims == other.claims
    assert one.contributions == other.contributions
    for profile in one.scores:
        assert one.score(profile) == pytest.approx(other.score(profile), rel=1e-9, abs=1e-9)
    assert one.next_timer == other.next_timer


@given(events(), st.data())
def test_a_history_that_is_split_over_subjects_is_the_same_lead(history, data):
    ledgers = {subject: [] for subject in data.draw(st.permutations(SUBJECTS))}
    for event in history:
        ledgers[data.draw(st.sampled_from(SUBJECTS))].append(event)
    ledgers = {subject: in_order(ledger) for subject, ledger in ledgers.items()}

    same(fold("a:ann", union(ledgers), RULES, END), fold("a:ann", in_order(history), RULES, END))


@given(st.lists(events(), min_size=3, max_size=3), st.permutations(SUBJECTS[:3]))
def test_order_of_merges_and_shape_of_the_tree_do_not_change_the_history(histories, order):
    ledgers = dict(zip(SUBJECTS, map(in_order, histories), strict=False))

    assert union({subject: ledgers[subject] for subject in order}) == union(ledgers)


@given(events(), st.sets(st.sampled_from(SUBJECTS), min_size=1))
def test_an_event_that_a_website_sent_to_several_subjects_counts_once(history, holders):
    once = [event for event in in_order(history) if event.source != RIPEN]

    assert union(dict.fromkeys(holders, once)) == once


# ---------------------------------------------------------------- who is who


def candidate(*subjects, first=START, addresses=None, parted=None):
    ledgers = {subject: [] for subject in subjects}
    ledgers[subjects[0]] = [Event("m", "Page Viewed", first, "website")] if first else []
    by_digest = {subject_digest(subject): at for subject, at in (parted or {}).items()}
    proven = {text: Identifier(proof, START, text) for text, proof in (addresses or {}).items()}
    return MergeCandidate(
        MergedLead(Record(subjects[0], 1, "", None), ledgers), Identifiers(addresses=proven, unmerged=by_digest)
    )


ANN, BOB = "ann@example.com", "bob@example.com"
LINK, SERVER = Proof.LINK, Proof.SERVER


def test_the_root_is_chosen_by_proof_then_first_event_then_subject():
    proven = candidate("a:z", first=START + 1, addresses={ANN: LINK})
    claimed = candidate("a:b", addresses={ANN: Proof.CLAIMED})
    early, smaller, empty = candidate("a:y", first=1), candidate("a:a"), candidate("a:0", first=None)

    for root, other in (
        (proven, claimed),
        (claimed, early),
        (early, smaller),
        (smaller, candidate("a:c")),
        (early, empty),
    ):
        assert order_by_proof(root, other) == order_by_proof(other, root) == (root, other)


def test_events_in_the_ledger_of_a_user_have_the_proof_of_a_server():
    assert candidate("u:7").proof is Proof.SERVER
    assert candidate("u:7", first=None).proof is Proof.NONE


@pytest.mark.parametrize(
    ("one", "other", "proof", "shown", "apart"),
    [
        (candidate("a:a"), candidate("a:b"), LINK, "", False),
        (candidate("a:a", addresses={ANN: LINK}), candidate("a:b", addresses={BOB: LINK}), LINK, "", True),
        (candidate("a:a", addresses={ANN: LINK}), candidate("a:b", addresses={BOB: LINK}), SERVER, "", False),
        (candidate("a:a", addresses={ANN: LINK}), candidate("a:b", addresses={BOB: Proof.FORM}), LINK, "", False),
        (candidate("a:a", addresses={ANN: LINK}), candidate("a:b", addresses={BOB: Proof.FORM}), LINK, BOB, True),
        (candidate("a:a", addresses={ANN: LINK, BOB: LINK}), candidate("a:b", addresses={BOB: LINK}), LINK, BOB, False),
        (candidate("a:a", "u:7"), candidate("u:8"), SERVER, "", True),
        (candidate("a:a", "u:7"), candidate("a:b"), SERVER, "", False),
    ],
)
def test_conflicting_proofs_mean_two_people(one, other, proof, shown, apart):
    assert bool(merge_conflict(one, other, proof, shown)) is apart


def test_a_lead_has_no_more_than_fifty_subjects_and_five_proven_addresses():
    crowd = candidate(*(f"a:{n}" for n in range(MAX_SUBJECTS - 1)))
    four = candidate("a:x", addresses={f"{n}@example.com": LINK for n in range(4)})

    assert not too_large(crowd, candidate("a:y"))
    assert too_large(crowd, candidate("a:y", "a:z"))
    assert not too_large(four, candidate("a:y", addresses={ANN: LINK, BOB: Proof.FORM}))
    assert too_large(four, candidate("a:y", addresses={ANN: LINK, BOB: LINK}))


def test_an_unmerge_is_found_in_either_lead():
    one, other = candidate("a:a", "a:c", parted={"a:d": 5}), candidate("a:b", "a:d", parted={"a:c": 7, "a:x": 9})

    assert unmerged_at(one, other) == unmerged_at(other, one) == 7
    assert unmerged_at(one, candidate("a:x")) == -1


def test_an_address_stays_with_the_subject_that_named_it():
    typed = Event("m", "Identified", START, "website", traits={"email": " Ann@example.com"})
    tree = MergedLead(Record("a:a", 1, "", None), {"a:a": [], "a:b": [typed]})

    assert MergeCandidate(tree, Identifiers()).claimant(ANN) == "a:b"
    assert MergeCandidate(tree, Identifiers()).claimant(BOB) == "a:a"
