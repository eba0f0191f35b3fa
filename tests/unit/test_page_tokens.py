from hypothesis import given
from hypothesis import strategies as st

from adapters.identity import link_tokens
from ripen.times import DAY
from stories import START

KEY = "I#" + "0123456789abcdef" * 4


@given(subject=st.text(min_size=1), intent=st.text(min_size=1), age=st.integers(0, 10_000))
def test_a_page_token_is_valid_at_any_age(subject, intent, age):
    token = link_tokens.issue_page([b"old", b"new"], subject, KEY, intent, START - age * DAY)

    assert link_tokens.read_page([b"old", b"new", b"newest"], token) == (subject, KEY[2:34], intent)


def test_the_last_key_signs_and_every_key_verifies():
    token = link_tokens.issue_page([b"old", b"new"], "a:ann", KEY, "tips_tips_1", START)

    assert link_tokens.read_page([b"old"], token) is None
    assert link_tokens.read_page([b"new", b"newest"], token) is not None


def test_tokens_of_links_and_pages_are_not_interchangeable():
    link = link_tokens.issue([b"key"], "a:ann", KEY, START)
    page = link_tokens.issue_page([b"key"], "a:ann", KEY, "tips_tips_1", START)

    assert link_tokens.read_page([b"key"], link) is None
    assert link_tokens.read([b"key"], page, START) is None


@given(text=st.text(min_size=1, max_size=30), place=st.integers(0, 60))
def test_changed_and_invented_tokens_are_rejected(text, place):
    token = link_tokens.issue_page([b"key"], "a:ann", KEY, "tips_tips_1", START)
    changed = token[:place] + text + token[place + len(text) :]

    assert link_tokens.read_page([b"key"], text) is None
    assert changed == token or link_tokens.read_page([b"key"], changed) is None
