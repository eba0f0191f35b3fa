"""Given, denied and presumed consent, and the stored form of a decision."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.config.configuration import Configuration, compile_sources
from ripen.events.event import Event
from ripen.events.sources import Source, digest, dump_sources, load_sources
from ripen.privacy.consent import (
    GIVEN,
    WITHDRAWN,
    Consent,
    agreed,
    answer,
    decision,
    must_erase,
    presumed,
    says_yes,
    told,
)

BROWSER = Source("site", trusted=False, origins=("*",))
SERVER = Source("crm", trusted=True)
GATED = Source("site", trusted=False, origins=("*",), consent_assumed=True)
STRICT = Source("site", trusted=False, origins=("*",), consent_assumed=True, do_not_track=True)


def preferences(**categories):
    return {"consent": {"categoryPreferences": categories}}


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({}, None),
        (preferences(analytics=True), True),
        (preferences(analytics=False), False),
        (preferences(Analytics=True, Advertising=False), True),
        (preferences(ANALYTICS=False), False),
        (preferences(marketing=True), None),
        (preferences(analytics="true"), None),
        (preferences(analytics=1), None),
        ({"consent": {"analytics_storage": "granted", "ad_storage": "denied"}}, True),
        ({"consent": {"analytics_storage": "denied"}}, False),
        ({"consent": {"analytics_storage": True}}, None),
        ({"consent": {"analytics_storage": "granted", "categoryPreferences": {"analytics": False}}}, False),
        ({"consent": {"analytics_storage": "granted", "categoryPreferences": {"marketing": False}}}, True),
        ({"gcs": "G111"}, True),
        ({"gcs": "G101"}, True),
        ({"gcs": "G110"}, False),
        ({"gcs": "G100"}, False),
        ({"gcs": "G1--"}, None),
        ({"gcs": 111}, None),
        ({"gcs": "G111", **preferences(analytics=False)}, False),
        ({"consent": True}, None),
        ({"consent": {"categoryPreferences": ["analytics"]}}, None),
    ],
)
def test_consent_is_read_from_the_context_of_a_call(context, said):
    assert answer(context, "analytics") is said


def test_the_consent_category_of_the_source_counts():
    context = preferences(C0002=True, analytics=False)

    assert answer(context, "C0002") is True
    assert answer(context, "c0002") is True


@pytest.mark.parametrize(
    ("source", "headers", "expected"),
    [
        (BROWSER, {}, False),
        (SERVER, {}, True),
        (GATED, {}, True),
        (GATED, {"sec-gpc": "1"}, False),
        (GATED, {"sec-gpc": "0"}, True),
        (GATED, {"dnt": "1"}, True),
        (STRICT, {"dnt": "1"}, False),
        (STRICT, {"dnt": "0"}, True),
        (Source("crm", trusted=True, consent_assumed=False), {}, False),
    ],
)
def test_consent_of_a_call_without_an_answer_is_presumed_by_source_and_headers(source, headers, expected):
    assert presumed(source, headers) is expected


@pytest.mark.parametrize("before", [True, False])
def test_an_answer_in_the_call_overrides_presumed_consent(before):
    assert agreed(preferences(analytics=True), "analytics", before) is True
    assert agreed(preferences(analytics=False), "analytics", before) is False
    assert agreed({}, "analytics", before) is before


NAMES = st.sampled_from(["context", "consent", "categoryPreferences", "analytics", "analytics_storage", "gcs"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["granted", "G111"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@given(JSON, st.dictionaries(NAMES, JSON, max_size=4))
def test_only_an_explicit_answer_is_consent(payload, context):
    assert answer(context, "analytics") in (True, False, None)
    if says_yes(payload, "analytics"):
        assert answer(payload["context"], "analytics") is True
    if says_yes({"context": context}, "analytics"):
        assert agreed(context, "analytics", presumed=False)


# ---------------------------------------------------------------- decisions in the ledger


def test_a_withdrawal_keeps_only_id_time_source_and_categories():
    event = Event("m-1", WITHDRAWN, 7, "site", "42", {"why": "x"}, {"email": "a@b.example"}, {"locale": "de"})

    assert told(event, preferences(analytics=False, ads=True)).as_json() == {
        "id": "m-1",
        "name": WITHDRAWN,
        "at": 7,
        "source": "site",
        "properties": {"categories": {"analytics": False, "ads": True}},
    }


def test_given_consent_keeps_its_categories_and_other_properties():
    event = Event("m-1", GIVEN, 7, "site", properties={"banner": "b"}, context={"locale": "de"})

    kept = told(event, preferences(analytics=True))

    assert kept.properties == {"banner": "b", "categories": {"analytics": True}}
    assert kept.context == {"locale": "de"}


@given(st.dictionaries(st.text(max_size=300), JSON, max_size=60))
def test_a_withdrawal_is_small_with_any_categories(categories):
    kept = told(Event("m-1", WITHDRAWN, 7, "site"), {"consent": {"categoryPreferences": categories}})

    assert len(json.dumps(kept.as_json(), ensure_ascii=False)) < 2_500
    assert all(isinstance(value, bool) for value in kept.properties.get("categories", {}).values())


@pytest.mark.parametrize(
    ("name", "bot", "expected"),
    [
        (GIVEN, "", Consent(True, 7, "site")),
        (GIVEN, "Googlebot", None),
        (WITHDRAWN, "", Consent(False, 7, "site")),
        (WITHDRAWN, "curl", Consent(False, 7, "site")),
        ("Page Viewed", "", None),
    ],
)
def test_a_withdrawal_counts_from_bots_too(name, bot, expected):
    assert decision(Event("m-1", name, 7, "site", bot=bot)) == expected


def test_a_lead_is_erased_only_after_a_withdrawal_at_a_source_that_erases():
    no, yes = Consent(False, 7, "site"), Consent(True, 8, "site")

    assert must_erase(no, {"site"})
    assert not must_erase(yes, {"site"})
    assert not must_erase(no, {"shop"})
    assert not must_erase(None, {"site"})


# ---------------------------------------------------------------- as marketers write it


def test_consent_settings_of_sources_survive_storage_in_the_table():
    site = {"kind": "browser", "write_key": "site", "origins": ["*"]}
    rules = {
        "sources": {
            "plain": site,
            "gated": {**site, "write_key": "gated", "consent": "assumed", "do_not_track": True},
            "onetrust": {**site, "write_key": "onetrust", "consent_category": "C0002"},
            "crm": {"kind": "server", "write_key_sha256": digest("crm")},
            "shop": {"kind": "server", "write_key_sha256": digest("shop"), "consent": "required"},
        },
        "profiles": {"p": {"rules": {"r": {"when": {"event": "Seen"}, "points": 1}}}},
        "phases": {"new": {}},
    }

    sources = load_sources(dump_sources(compile_sources(Configuration.model_validate(rules))))

    keys = ("site", "gated", "onetrust", "crm", "shop")
    assert [presumed(sources.find(key), {}) for key in keys] == [False, True, False, True, False]
    assert presumed(sources.find("gated"), {"dnt": "1"}) is False
    assert sources.find("onetrust").consent_category == "C0002"


@pytest.mark.parametrize(
    "mistake", [{"consent": "maybe"}, {"consent_category": ""}, {"do_not_track": "always"}, {"on_withdrawal": "forget"}]
)
def test_an_invalid_value_is_named(mistake):
    rule = {"kind": "browser", "write_key": "site", "origins": ["*"], **mistake}
    rules = {
        "sources": {"site": rule},
        "profiles": {"p": {"rules": {"r": {"when": {"event": "Seen"}, "points": 1}}}},
        "phases": {"new": {}},
    }

    with pytest.raises(ValueError, match=next(iter(mistake))):
        Configuration.model_validate(rules)
