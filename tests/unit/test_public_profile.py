import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.public_profile import changed, digests, profile_item, profiles, write
from ripen.storage.lead_record import Record, stale_data

SUBJECTS = st.sets(st.sampled_from(["a:ann", "a:phone", "a:old", "u:7"]))
OFFERS = st.lists(st.sampled_from(["workshop", "checklist", "demo"]), unique=True, max_size=3)


def record(front, version=1):
    return Record("a:ann", version, json.dumps({"front": front, "events": 3}), None)


def test_the_item_of_a_visitor_holds_only_offers_preferences_and_unconfirmed_traits():
    item = profile_item("a:ann", ("workshop", "checklist"), {"language": "de"})
    typed = profile_item("a:ann", (), {}, {"firstName": "Ann"})

    assert json.loads(typed["data"]) == {"offers": [], "preferences": {}, "about": {"firstName": "Ann"}}

    assert (item["pk"], item["sk"]) == ("O#a:ann", "O")
    assert json.loads(item["data"]) == {"offers": ["workshop", "checklist"], "preferences": {"language": "de"}}
    assert item.keys() == {"pk", "sk", "data"}


def test_a_lead_without_offers_and_preferences_has_no_item():
    assert profile_item("a:ann", (), {}) is None
    [front] = profiles(["a:ann"], (), {})
    assert write("table", front) == {
        "Delete": {"TableName": "table", "Key": {"pk": {"S": "O#a:ann"}, "sk": {"S": "O"}}}
    }


def test_the_item_of_a_user_holds_only_preferences():
    known = {front.subject: front.data for front in profiles(["a:ann", "u:7"], ["workshop"], {"language": "de"})}

    assert json.loads(known["a:ann"])["offers"] == ["workshop"]
    assert json.loads(known["u:7"]) == {"offers": [], "preferences": {"language": "de"}}
    assert [front.subject for front in profiles(["u:7"], ["workshop"], {}) if front.data] == []


@pytest.mark.parametrize(
    ("before", "offers", "written"),
    [
        ((), (), []),
        (("workshop",), ("workshop",), []),
        ((), ("workshop",), ["a:ann"]),
        (("workshop",), ("checklist",), ["a:ann"]),
        (("workshop",), (), ["a:ann"]),
        (("workshop", "demo"), ("demo", "workshop"), ["a:ann"]),
    ],
)
def test_unchanged_profiles_are_not_written(before, offers, written):
    known = digests(profiles(["a:ann"], before, {}))

    assert [front.subject for front in changed(known, profiles(["a:ann"], offers, {}))] == written


@given(states=st.lists(st.tuples(SUBJECTS, OFFERS), min_size=1, max_size=6))
def test_the_table_holds_the_current_profiles_after_each_change_of_subjects(states):
    table, known = {}, {}
    for subjects, offers in states:
        now = profiles(sorted(subjects), offers, {})
        for front in changed(known, now):
            table[front.subject] = front.data
        known = digests(now) | {name: digest for name, digest in known.items() if name not in subjects}

        assert {front.subject: table.get(front.subject, "") for front in now} == {f.subject: f.data for f in now}


def test_a_stale_record_remembers_the_profiles_of_both_leads():
    kept = stale_data(record({"a:ann": "1"}), record({"a:phone": "2"}))

    assert Record("a:ann", 2, kept, None).front == {"a:ann": "1", "a:phone": "2"}
    assert stale_data(record({})) == ""


def test_an_unmerged_record_keeps_only_the_profiles_of_its_own_subjects():
    kept = stale_data(record({"a:ann": "1", "a:phone": "2"}), subjects={"a:phone"})

    assert Record("a:phone", 2, kept, None).front == {"a:phone": "2"}
