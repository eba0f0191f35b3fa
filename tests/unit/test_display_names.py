"""Names and companies of leads are shown in mails if they look like names, and are limited in length."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.messages.display_names import LONGEST, LONGEST_NAME, company_name, person_name, shown_traits

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=2_000),
    lambda inner: st.lists(inner, max_size=60) | st.dictionaries(st.text(max_size=500), inner, max_size=60),
    max_leaves=60,
)


@pytest.mark.parametrize(
    "name",
    [
        *("Ann", "Anna-Lena", "O'Neil", "O\u2019Neil", "J. R. R. Tolkien", "Dr. Jos\u00e9 Mar\u00eda de la Cruz"),
        *("\u674e\u5c0f\u9f99", "\u0410\u043d\u043d\u0430", "\u0926\u0947\u0935\u0940", "\u0645\u062d\u0645\u062f"),
        *("Zoe\u0308", "a" * LONGEST_NAME, "  Ann  "),
    ],
)
def test_a_name_is_shown(name):
    assert person_name(name) == name.strip()


@pytest.mark.parametrize(
    "typed",
    [
        *("", "   ", ".", "--", None, 7, ["Ann"], {"a": "b"}, "a" * (LONGEST_NAME + 1)),
        *(
            "evil.example",
            "log in at evil.example now",
            "https://evil.example",
            "www.evil.example",
            "Ann 2",
            "Ann\nBcc",
        ),
        *(
            "Ann\r\nTo: x",
            "<b>Ann</b>",
            "Ann & Bob",
            "ann@example.com",
            "{{ lead.token }}",
            "Ann\u202ennA",
            "Ann\u00a0B",
        ),
        *("None", "null", "undefined", "NaN"),
        *("A_b", "50% off!", "Call +49 30 1234", "Ann\x00", "J\ud800"),
    ],
)
def test_text_that_is_no_name_is_not_shown(typed):
    assert person_name(typed) == ""


@pytest.mark.parametrize("name", ["3M", "Tool & Die Co. KG", "M\u00fcller, S\u00f6hne + Partner (Nord)", "Bananas Ltd"])
def test_a_company_is_shown(name):
    assert company_name(name) == name


@pytest.mark.parametrize(
    "typed", ["evil.example", "a http://evil", "www evil", "<b>Ltd</b>", "a\nb", "a@b", "x" * 61, "!!!", 3, "a\u202eb"]
)
def test_text_that_is_no_company_is_not_shown(typed):
    assert company_name(typed) == ""


@given(st.text(max_size=100))
def test_a_shown_name_contains_no_link_and_no_line_break(text):
    for shown in (person_name(text), company_name(text)):
        assert len(shown) <= LONGEST_NAME
        assert not {*shown} & {*"<>\r\n\t\x00@"}
        assert "://" not in shown
    assert not any(sign.isdecimal() for sign in person_name(text))


@given(st.dictionaries(st.text(max_size=80) | st.sampled_from(["name", "firstName", "company"]), ANYTHING, max_size=8))
def test_every_value_of_a_mail_is_bounded(traits):
    for value in shown_traits(traits).values():
        assert all(len(text) <= LONGEST for text in texts(value))
        assert len([*texts(value)]) <= 2 * 20**3 + 20**2
        json.dumps(value)


def texts(value):
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    else:
        yield str(value)


def test_a_name_trait_that_is_no_name_is_left_out():
    shown = shown_traits({"firstName": "https://evil.example", "company": "Bananas", "role": "x" * 1_000, "seats": 7})
    assert shown == {"role": "x" * (LONGEST - 1) + "…", "seats": 7, "company": "Bananas"}
