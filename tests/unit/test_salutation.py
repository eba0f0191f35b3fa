"""Mails greet a lead by title and last name where they are known, and never with a word that is no name."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ripen.messages.display_names import LONGEST_NAME, person_name
from ripen.messages.salutation import formal_name, salutation

TRAITS = ("salutation", "gender", "academicTitle", "firstName", "lastName")
LAST = {"lastName": "Weber"}
FULL = LAST | {"firstName": "Kim", "name": "Kim Weber"}
HOSTILE = [
    "",
    " ",
    "None",
    "null",
    "undefined",
    "NaN",
    "x" * (LONGEST_NAME + 1),
    "Frau\nWeber",
    "evil.example",
    "Ann 😀",
    "https://evil.example",
    "<b>Frau</b>",
    "{{ lead.token }}",
    "Web\u202eer",
    "Frau\x00",
    None,
    7,
    True,
    ["Weber"],
    {},
]


@pytest.mark.parametrize(
    ("traits", "german", "english"),
    [
        ({"salutation": "Frau"}, "Guten Tag Frau Weber", "Dear Ms Weber"),
        ({"salutation": "Herr"}, "Guten Tag Herr Weber", "Dear Mr Weber"),
        ({"salutation": "Mrs"}, "Guten Tag Frau Weber", "Dear Ms Weber"),
        ({"salutation": "Ms."}, "Guten Tag Frau Weber", "Dear Ms Weber"),
        ({"salutation": "MR."}, "Guten Tag Herr Weber", "Dear Mr Weber"),
        ({"salutation": "Miss"}, "Guten Tag Frau Weber", "Dear Ms Weber"),
        ({"salutation": "Sehr geehrte Frau"}, "Guten Tag Frau Weber", "Dear Ms Weber"),
        ({"salutation": "Herrn"}, "Guten Tag Herr Weber", "Dear Mr Weber"),
        ({"salutation": "Frau Dr."}, "Guten Tag Frau Dr. Weber", "Dear Dr Weber"),
        ({"salutation": "Dr."}, "Guten Tag Dr. Weber", "Dear Dr Weber"),
        ({"salutation": "Frau", "academicTitle": "Dr. med."}, "Guten Tag Frau Dr. Weber", "Dear Dr Weber"),
        ({"salutation": "Herr", "academicTitle": "Dr.-Ing."}, "Guten Tag Herr Dr. Weber", "Dear Dr Weber"),
        (
            {"salutation": "Herr", "academicTitle": "Univ.-Prof. Dr."},
            "Guten Tag Herr Prof. Weber",
            "Dear Professor Weber",
        ),
        ({"academicTitle": "Prof."}, "Guten Tag Prof. Weber", "Dear Professor Weber"),
        ({"academicTitle": "Ph.D."}, "Guten Tag Dr. Weber", "Dear Dr Weber"),
        ({"salutation": "Frau", "academicTitle": "M. Sc."}, "Guten Tag Frau Weber", "Dear Ms Weber"),
        ({"gender": "female"}, "Guten Tag Frau Weber", "Dear Ms Weber"),
        ({"gender": "m"}, "Guten Tag Herr Weber", "Dear Mr Weber"),
        ({"gender": "w"}, "Guten Tag Frau Weber", "Dear Ms Weber"),
        ({"salutation": "Herr", "gender": "female"}, "Guten Tag Herr Weber", "Dear Mr Weber"),
        ({"salutation": "Herr/Frau", "gender": "female"}, "Guten Tag Frau Weber", "Dear Ms Weber"),
        ({"salutation": "Mx"}, "Guten Tag Kim Weber", "Dear Mx Weber"),
        ({"gender": "non-binary", "academicTitle": "Dr."}, "Guten Tag Dr. Kim Weber", "Dear Dr Weber"),
        ({"salutation": "Damen und Herren"}, "Guten Tag", "Hello"),
        ({"salutation": "Herr/Frau"}, "Guten Tag", "Hello"),
        ({"title": "Dr."}, "Guten Tag", "Hello"),
        ({}, "Guten Tag", "Hello"),
    ],
    ids=str,
)
def test_a_lead_is_greeted_by_what_is_known(traits, german, english):
    assert (salutation(FULL | traits, "de"), salutation(FULL | traits, "en")) == (german, english)


def test_who_wants_to_be_neither_woman_nor_man_needs_a_first_name_in_german():
    assert salutation({"salutation": "divers"} | LAST, "de") == "Guten Tag"
    assert salutation({"salutation": "divers", "academicTitle": "Dr."} | LAST, "de") == "Guten Tag Dr. Weber"


@pytest.mark.parametrize("name", ["firstName", "name"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_a_first_name_alone_is_in_no_greeting(name, language):
    known = {name: "Mara", "salutation": "Frau", "academicTitle": "Dr."}

    assert formal_name(known, language) == ""
    assert salutation(known, language) == salutation({}, language)


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_a_last_name_that_is_none_is_in_no_greeting(typed):
    known = {"salutation": "Frau", "academicTitle": "Dr.", "firstName": "Mara", "lastName": typed}

    assert (salutation(known, "de"), salutation(known, "en")) == ("Guten Tag", "Hello")


@pytest.mark.parametrize("trait", ["salutation", "gender", "academicTitle"])
@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_an_address_or_title_that_is_none_is_in_no_greeting(trait, typed):
    assert (salutation(FULL | {trait: typed}, "de"), salutation(FULL | {trait: typed}, "en")) == ("Guten Tag", "Hello")


def test_a_language_without_a_salutation_has_none():
    assert (salutation({"salutation": "Frau"} | LAST, "fr"), formal_name({"salutation": "Frau"} | LAST, "fr")) == (
        "",
        "",
    )


OWN_WORDS = {"", "Frau", "Herr", "Ms", "Mr", "Mx", "Prof.", "Dr.", "Professor", "Dr"}
WORDS = st.sampled_from(["Frau", "Herr", "Mrs.", "Mr", "Dr.", "Prof. Dr.", "divers", "f", "m", "None", "evil.example"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=80) | WORDS | st.sampled_from(HOSTILE[:14]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
NAMES = VALUES | st.sampled_from(["Weber", "de la Cruz", "O'Neil", "李"])


@given(st.fixed_dictionaries({}, optional={trait: NAMES if "Name" in trait else VALUES for trait in TRAITS}))
@example({"salutation": "Mx", "firstName": "evil.example", "lastName": "Weber"})
def test_a_greeting_holds_own_words_and_proper_names_alone(traits):
    first, last = (person_name(traits.get(name)) for name in ("firstName", "lastName"))

    for language, nobody, somebody in (("de", "Guten Tag", "Guten Tag"), ("en", "Hello", "Dear")):
        name = formal_name(traits, language)

        assert salutation(traits, language) == (f"{somebody} {name}" if name else nobody)
        assert name == "" or (last and name.endswith(last) and name != last)
        before = name.removesuffix(last).strip() if last else name
        rest = before.removesuffix(first).strip() if first and language == "de" else before
        assert {*rest.split(" ")} <= OWN_WORDS
