"""Traits are kept apart by the trust in their source."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.addresses.address import comparable
from ripen.events.event import MAX_DEPTH, RIPEN, Event
from ripen.fold.fold import fold
from ripen.leads.proof import subject_digest
from ripen.leads.traits import MAX_BYTES, MAX_KEYS, Traits
from unit.leads import happened, lead, reported, rules, scoring

ANN, BOB = "ann@example.com", "bob@example.com"
CRM = {"crm": {"kind": "server", "write_key_sha256": "0" * 64}}
MAIL = {"campaign": "c", "step": "s", "cycle": 1, "to": ANN}
BROWSER = subject_digest("a:ann")


def said(days, **traits):
    return happened("Identified", days, traits=traits)


def by_server(days, **traits):
    return Event(f"s{days}", "Identified", happened("x", days).at, "crm", traits=traits)


def found(*events):
    return lead(rules(sources=CRM), *events)


def test_traits_of_a_browser_count_in_conditions_and_appear_in_no_mail():
    ann = found(said(0, email=ANN, firstName="Evil"))

    assert ann.traits["firstName"] == "Evil"
    assert ann.known_traits == {}
    assert ann.claimed_names == {"firstName": "Evil"}


def test_traits_of_a_server_are_known():
    assert found(by_server(0, email=ANN, firstName="Ann")).known_traits["firstName"] == "Ann"


def test_traits_confirmed_by_the_mailbox_owner_are_known_and_override_others():
    at, told = happened("x", 2).at, {"intent": "c_s_1"}
    confirmed = Event("y", "Subscription Confirmed", at, RIPEN, properties=told, traits={"firstName": "Ann"})
    ann = found(
        said(0, email=ANN, firstName="Evil"), reported("Email Sent", 1, **MAIL), confirmed, said(3, role="Evil")
    )

    assert ann.known_traits == {"firstName": "Ann"}
    assert ann.traits["firstName"] == "Ann"
    assert ann.traits["role"] == "Evil"


def test_traits_of_a_browser_that_confirmed_its_address_are_known():
    proof = reported("Email Address Confirmed", 1, address=ANN, browser=BROWSER)

    assert found(said(0, email=ANN, firstName="Ann"), proof).known_traits["firstName"] == "Ann"
    assert found(said(0, email=ANN), proof, said(2, firstName="Ann")).known_traits["firstName"] == "Ann"
    assert found(said(0, firstName="Ann"), proof).known_traits == {}, "of whom it spoke, nobody knows"
    other = reported("Email Address Confirmed", 1, address=ANN, browser=subject_digest("a:phone"))
    assert found(said(0, email=ANN, firstName="Ann"), other).known_traits == {}


@pytest.mark.parametrize("second", [{"email": BOB}, {"user": "u-bob"}])
def test_another_person_at_the_same_browser_inherits_no_traits(second):
    first = Event("1", "Identified", 0, "website", user="u-ann", traits={"email": ANN, "firstName": "Ann"})
    traits = {"email": second["email"]} if "email" in second else {}
    other = Event("2", "Identified", 1, "website", user=second.get("user", ""), traits=traits)

    told = fold("a:ann", [first, other], rules(sources=CRM), 1)

    assert "firstName" not in told.traits


def test_another_spelling_of_an_address_is_the_same_person():
    ann = found(said(0, email="ann@müller.example", firstName="Ann"), said(1, email="ANN@xn--mller-kva.example"))

    assert ann.traits["firstName"] == "Ann"


def test_fit_of_claimed_traits_counts_less_once_the_address_is_proven():
    role = {"points": 20, "when": {"traits.role": "owner"}}
    compiled = rules(sources=CRM, profiles={"p": {"claimed": 0.25, "fit": {"owner": role}}})
    typed, proof = said(0, email=ANN, role="owner"), reported("Email Address Confirmed", 1, address=ANN, browser="-")

    assert lead(compiled, typed).score("p") == 20
    assert lead(compiled, typed, proof).score("p") == 5
    assert lead(compiled, typed, proof, by_server(2, role="owner")).score("p") == 20


def test_fit_of_claimed_traits_counts_half_by_default():
    compiled = scoring(fit={"owner": {"points": 20, "when": {"traits.role": "owner"}}})
    proof = reported("Email Address Confirmed", 1, address=ANN, browser="-")

    assert lead(compiled, said(0, email=ANN, role="owner"), proof).score("p") == 10


@given(st.lists(st.dictionaries(st.text(max_size=20), st.text(max_size=5_000), max_size=80), max_size=6))
def test_the_number_and_size_of_traits_of_a_lead_are_limited(many):
    told = Traits()
    for traits in many:
        told.hear("a:ann", "", traits)
        told.told_by_server(traits)

    for kept in (told.server, *told.claimed.values()):
        assert len(kept) <= MAX_KEYS
        assert sum(len(key) + len(value) for key, value in kept.items()) <= MAX_BYTES


def test_a_known_trait_may_still_change_at_the_limit():
    told = Traits()
    told.told_by_server({f"t{n}": n for n in range(MAX_KEYS)})

    told.told_by_server({"t0": "new", "one too many": 1})

    assert told.server["t0"] == "new"
    assert "one too many" not in told.server


@given(
    st.lists(st.tuples(st.sampled_from(["a:a", "a:b"]), st.sampled_from(["", "u"]), st.sampled_from([ANN, BOB, ""])))
)
def test_traits_survive_a_round_trip_through_json(history):
    told = Traits()
    for number, (browser, user, address) in enumerate(history):
        told.hear(browser, user, {"n": number} | ({"email": address} if address else {}))
        told.prove(subject_digest("a:b"), ANN)

    assert Traits.from_json(json.loads(json.dumps(told.as_json()))) == told


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ann@Example.com", " ann@example.com ", True),
        ("ann@müller.example", "ann@xn--mller-kva.example", True),
        ("ann@straße.example", "ann@strasse.example", False),
        ("ann@xn--strae-oqa.example", "ann@straße.example", True),
        ("straße@example.com", "strasse@example.com", False),
        ("u\u0308@example.com", "ü@example.com", True),
        ("ann@u\u0308.example", "ann@ü.example", True),
        ("ann@example。com", "ann@example.com", True),
        ("ann@xn--\ud800.example", "ann@xn--\ud800.example", True),
    ],
)
def test_addresses_are_compared_in_one_form(one, other, same):
    assert (comparable(one) == comparable(other)) is same


def test_a_null_is_a_missing_trait_for_mails_and_conditions():
    ann = found(by_server(0, email=ANN, role=None, seat={"city": None, "room": 3}, tags=["a", None]))

    assert ann.known_traits == ann.traits == {"email": ANN, "seat": {"room": 3}, "tags": ["a"]}


def test_deeply_nested_traits_are_read():
    deep = "said"
    for _ in range(MAX_DEPTH):
        deep = {"in": deep}

    assert found(by_server(0, email=ANN, deep=deep)).known_traits["deep"] == deep


def test_a_null_removes_only_the_value_of_the_same_sender():
    ann = found(said(0, role="typed"), by_server(1, email=ANN, role="CEO", company="Example"), by_server(2, role=None))

    assert ann.known_traits == {"email": ANN, "company": "Example"}
    assert ann.traits["role"] == "typed"


def test_a_null_counts_as_missing_in_a_condition():
    when = {"event": "Identified", "traits.role": {"exists": False}}
    missing = scoring(unknown={"when": when, "points": 1})

    assert [lead(missing, said(0, email=ANN, **more)).score("p") for more in ({}, {"role": None}, {"role": "CEO"})] == [
        1,
        1,
        0,
    ]


def test_nulls_take_no_room_and_free_that_of_a_value():
    told = Traits()
    told.told_by_server({f"k{n}": n for n in range(MAX_KEYS)})

    told.told_by_server({"k0": None, "k1": None, "new": 1, "other": None})

    assert len(told.server) == MAX_KEYS - 1
    assert "new" in told.server
    assert Traits.from_json(json.loads(json.dumps(told.as_json()))) == told


def test_a_state_that_was_stored_with_nulls_is_read_without_them():
    stored = Traits().as_json() | {"server": {"role": None, "company": "Example"}, "proven": {ANN: {"role": None}}}

    told = Traits.from_json(stored)

    assert told.known(ANN, by_server=True) == {"company": "Example"}
