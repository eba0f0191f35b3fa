"""Addresses and other identifiers in events, and their grades of proof."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.events.event import RIPEN, Event
from ripen.leads.identifiers import MAX_ADDRESSES, Identifiers
from ripen.leads.proof import OptIn, OptInProof, Proof

TRUSTED = frozenset({"crm"})
ANN, BEA = "ann@example.com", "bea@example.com"


def typed(address, at, **parts):
    return Event(f"m{at}", "Identified", at, "website", traits={"email": address}, **parts)


def told_by_server(address, at, **parts):
    return Event(f"m{at}", "Identified", at, "crm", traits={"email": address}, **parts)


def confirmed(address, at, name="Email Address Confirmed", source=RIPEN):
    return Event(f"m{at}", name, at, source, properties={"address": address})


def claims(*events):
    made = Identifiers()
    for event in events:
        made.apply(event, TRUSTED)
    return made


@pytest.mark.parametrize(
    ("event", "proof"),
    [
        (typed(ANN, 1), Proof.CLAIMED),
        (typed(ANN, 1, context={"form": True}), Proof.FORM),
        (typed(ANN, 1, context={"form": "yes"}), Proof.CLAIMED),
        (confirmed(ANN, 1), Proof.LINK),
        (confirmed(ANN, 1, source="website"), Proof.NONE),
        (told_by_server(ANN, 1), Proof.SERVER),
        (told_by_server(ANN, 1, bot="crawler"), Proof.NONE),
        (Event("m", "Signed Up", 1, "crm", traits={"email": ANN}), Proof.NONE),
    ],
)
def test_each_source_of_an_address_has_its_grade_of_proof(event, proof):
    assert claims(event).proof is proof


def opted_in(address, at, **parts):
    return Event(f"o{at}", "Subscription Confirmed", at, "crm", properties={"address": address}, **parts)


CLICKED = [
    Event("s", "Email Sent", 2, RIPEN, properties={"campaign": "c", "step": "s", "cycle": 1, "to": ANN}),
    Event("c", "Subscription Confirmed", 3, RIPEN, properties={"intent": "c_s_1"}),
]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], None),
        ([opted_in(ANN, 1, imported=9)], OptIn(OptInProof.IMPORTED, 1)),
        ([opted_in(ANN, 1)], OptIn(OptInProof.SERVER, 1)),
        ([opted_in(ANN, 1, imported=9), *CLICKED], OptIn(OptInProof.CLICK, 3)),
        ([*CLICKED, opted_in(ANN, 5, imported=9)], OptIn(OptInProof.CLICK, 3)),
        ([opted_in(ANN, 1), opted_in(ANN, 4)], OptIn(OptInProof.SERVER, 4)),
        ([opted_in(BEA, 1, imported=9)], None),
    ],
)
def test_an_opt_in_keeps_its_best_proof(events, expected):
    found = claims(told_by_server(ANN, 0), *events, told_by_server(ANN, 6))

    assert found.opt_in == expected
    assert Identifiers.from_json(json.loads(json.dumps(found.as_json()))).opt_in == expected


def test_an_imported_opt_in_lifts_no_suppression():
    left = Event("u", "Unsubscribed", 1, RIPEN)

    assert claims(told_by_server(ANN, 0), left, opted_in(ANN, 2, imported=9)).opt_in is None


def test_an_opt_in_of_an_older_checkpoint_is_one_by_click():
    kept = claims(told_by_server(ANN, 0)).as_json() | {"opted_in": {ANN: 7}}

    assert Identifiers.from_json(kept).opt_in == OptIn(OptInProof.CLICK, 7)


def test_double_opt_in_applies_to_the_address_of_the_mail():
    sent = Event("m1", "Email Sent", 1, RIPEN, properties={"campaign": "c", "step": "s", "cycle": 1, "to": ANN})
    agreed = Event("m2", "Subscription Confirmed", 2, RIPEN, properties={"intent": "c_s_1"})

    found = claims(typed(ANN, 0), sent, typed(BEA, 2), agreed)

    assert (found.address, found.proof, found.subscribed) == (ANN, Proof.OPT_IN, True)
    assert not claims(typed(ANN, 0), agreed).subscribed, "nobody knows which mail that was"
    assert not claims(typed(ANN, 0), sent, agreed, told_by_server(BEA, 3)).subscribed, "another address has not agreed"


def test_only_a_server_may_report_a_double_opt_in():
    told = {"name": "Subscription Confirmed", "at": 2, "properties": {"address": ANN}}

    assert claims(typed(ANN, 1), Event("m", source="crm", **told)).subscribed
    assert not claims(typed(ANN, 1), Event("m", source="website", **told)).subscribed


def test_a_confirmation_in_a_merged_lead_proves_the_address_of_its_own_subject():
    told = {"campaign": "c", "step": "s", "cycle": 1}
    both = [
        Event(f"m{at}", "Email Sent", at, RIPEN, properties=told | {"to": address}, subject=subject)
        for at, address, subject in ((1, ANN, "a:ann"), (2, BEA, "a:bea"))
    ]
    agreed = Event("m3", "Subscription Confirmed", 3, RIPEN, properties={"intent": "c_s_1"}, subject="a:ann")

    assert [*claims(typed(ANN, 0), typed(BEA, 0), *both, agreed).opted_in] == [ANN]


def test_the_latest_of_equally_proven_addresses_counts():
    assert claims(typed(ANN, 1), typed(f" {BEA} ", 2)).address == BEA
    assert claims(typed(ANN, 1), typed(BEA, 2), typed(ANN, 3)).address == ANN


def test_a_claim_never_displaces_a_proven_address():
    known = claims(typed(ANN, 1), confirmed(ANN, 2), typed(BEA, 3, context={"form": True}))

    assert (known.address, known.proof) == (ANN, Proof.LINK)


def test_an_address_is_the_same_in_capitals_and_is_kept_as_it_was_written():
    known = claims(typed("ann@example.com", 1), typed("Ann@Example.com", 2))

    assert known.address == "Ann@Example.com"
    assert len(known.addresses) == 1


@pytest.mark.parametrize("text", ["nobody", "@", "a b@example.com", "a@b, c@d", f"{'a' * 250}@b.de", 17, None, [ANN]])
def test_text_that_is_no_address_is_ignored(text):
    assert claims(typed(text, 1)) == Identifiers()


def test_a_sixth_typed_address_displaces_the_oldest():
    known = claims(*(typed(f"{n}@example.com", n) for n in range(1, 9)))

    assert [*known.addresses] == [f"{n}@example.com" for n in range(4, 9)]
    assert known.asked == "8@example.com"


def test_a_typed_address_never_displaces_a_proven_one():
    known = claims(*(confirmed(f"{n}@example.com", n) for n in range(1, 6)), typed(ANN, 9))

    assert [*known.addresses] == [f"{n}@example.com" for n in range(1, 6)]


@pytest.mark.parametrize("name", ["Unsubscribed", "Email Marked as Spam"])
def test_a_refusal_of_an_unproven_address_does_not_apply_to_the_proven_one(name):
    told = {"campaign": "c", "step": "s", "cycle": 1, "to": BEA}
    sent = Event("m2", "Email Sent", 4, RIPEN, properties=told)
    no = Event("m3", name, 5, RIPEN, properties={"intent": "c_s_1"})

    known = claims(typed(ANN, 1), confirmed(ANN, 2), typed(BEA, 3), sent, no)

    assert (known.address, known.no) == (ANN, "")
    assert known.refusal_of(BEA)


def test_a_proven_address_displaces_the_weakest():
    known = claims(*(typed(f"{n}@example.com", n) for n in range(1, 6)), confirmed(ANN, 9))

    assert [*known.addresses] == ["2@example.com", "3@example.com", "4@example.com", "5@example.com", ANN]


def test_a_user_id_beside_an_anonymous_one_is_proven_only_by_a_servers_identify():
    assert claims(typed(None, 1, user="7")).users["7"].proof is Proof.CLAIMED
    assert claims(Event("m", "Order Completed", 1, "crm", user="7")).users["7"].proof is Proof.CLAIMED
    assert claims(told_by_server(None, 1, user="7")).users["7"].proof is Proof.SERVER


def test_tokens_of_links_are_kept_until_there_are_too_many():
    followed = [Event(f"m{n}", "Page Viewed", n, "website", context={"token": f"t{n % 7}"}) for n in range(1, 10)]

    assert claims(*followed).tokens == {"t5": 5, "t6": 6, "t0": 7, "t1": 8, "t2": 9}
    assert claims(Event("m", "Page Viewed", 1, "website", context={"token": "t"}, bot="scanner")).tokens == {}


_IDENTITIES = st.sampled_from([f"{name}@example.com" for name in "abcdefgh"])
_EVENTS = st.builds(
    lambda make, address, at, user: make(address, at, user=user) if make is not confirmed else confirmed(address, at),
    st.sampled_from([typed, told_by_server, confirmed]),
    _IDENTITIES,
    st.integers(0, 50),
    st.sampled_from(["", *"12345678"]),
)


@given(st.lists(_EVENTS, max_size=30), st.integers(0, 30))
def test_identifiers_survive_a_round_trip_through_json_at_any_moment(events, cut):
    events.sort(key=lambda event: event.at)
    kept = Identifiers.from_json(json.loads(json.dumps(claims(*events[:cut]).as_json())))
    for event in events[cut:]:
        kept.apply(event, TRUSTED)

    assert kept == claims(*events)


@given(st.lists(_EVENTS, max_size=30))
def test_the_chosen_address_has_the_best_proof(events):
    known = claims(*events)

    assert len(known.addresses) <= MAX_ADDRESSES
    assert all(known.proof >= claim.proof for claim in known.addresses.values())
    assert known.proof is max((event_proof(event) for event in events), default=Proof.NONE)


def event_proof(event):
    return claims(event).proof
