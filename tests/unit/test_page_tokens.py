from hypothesis import given
from hypothesis import strategies as st

from adapters.identity import link_tokens
from ripen.times import DAY
from stories import START

KEY = "I#" + "0123456789abcdef" * 4


@given(subject=st.text(min_size=1), intent=st.text(min_size=1), age=st.integers(0, 10_000))
def test_a_page_token_says_what_it_was_issued_for_however_old_it_is(subject, intent, age):
    token = link_tokens.issue_page([b"old", b"new"], subject, KEY, intent, START - age * DAY)

    assert link_tokens.read_page([b"old", b"new", b"newest"], token) == (subject, KEY[2:34], intent)


def test_the_last_key_signs_and_every_key_is_believed():
    token = link_tokens.issue_page([b"old", b"new"], "a:ann", KEY, "tips_tips_1", START)

    assert link_tokens.read_page([b"old"], token) is None
    assert link_tokens.read_page([b"new", b"newest"], token) is not None


def test_a_token_of_a_link_opens_no_page_and_the_other_way_round():
    link = link_tokens.issue([b"key"], "a:ann", KEY, START)
    page = link_tokens.issue_page([b"key"], "a:ann", KEY, "tips_tips_1", START)

    assert link_tokens.read_page([b"key"], link) is None
    assert link_tokens.read([b"key"], page, START) is None


@given(text=st.text(min_size=1, max_size=30), place=st.integers(0, 60))
def test_whatever_was_changed_or_made_up_is_none(text, place):
    token = link_tokens.issue_page([b"key"], "a:ann", KEY, "tips_tips_1", START)
    changed = token[:place] + text + token[place + len(text) :]

    assert link_tokens.read_page([b"key"], text) is None
    assert changed == token or link_tokens.read_page([b"key"], changed) is None
