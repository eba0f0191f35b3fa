"""The numbers of a rehearsal can be stored and merged in parts, in any order."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ripen.rehearsal.tally import MOST_NAMES, Tally

PARTS = st.one_of(st.text(max_size=3), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
KEYS = st.tuples(st.sampled_from(["moved", "score", "place"]), PARTS)
LEADS = st.integers(0, 3 * MOST_NAMES).map("a:{:03}".format)
COUNTED = st.tuples(KEYS, LEADS, st.integers(-3, 3))


def tally(counted):
    found = Tally()
    for key, lead, by in counted:
        found.add(*key, lead=lead, by=by)
    return found


def stored(found):
    return Tally.load(json.loads(json.dumps(found.dump())))


@given(st.lists(COUNTED, max_size=60))
def test_a_stored_tally_is_read_as_it_was(counted):
    found = tally(counted)

    assert stored(found) == found
    assert [*map(repr, stored(found).counts)] == [*map(repr, found.counts)], "a float stays a float"


@given(st.data())
def test_the_sum_of_parts_is_the_same_in_any_order(data):
    keys = data.draw(st.lists(KEYS, min_size=1, max_size=3, unique=True))
    leads = [f"a:{number:03}" for number in range(2 * MOST_NAMES)]  # each is counted in one part
    counted = [(key, lead, 1) for lead in leads for key in keys]
    places = data.draw(st.lists(st.integers(0, 4), min_size=len(leads), max_size=len(leads)))
    parts = [tally(one for one in counted if places[int(one[1][2:])] == part) for part in range(5)]

    merged = Tally()
    for part in data.draw(st.permutations(parts)):
        merged.merge(stored(part))

    assert merged == tally(counted)
