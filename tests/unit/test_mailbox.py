"""Spellings of one mailbox are counted as one; different mailboxes are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.addresses.mailbox import mailbox

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True)
TAGS = st.from_regex(r"[a-z0-9.]{0,20}", fullmatch=True)
DOMAINS = st.sampled_from(
    ["example.com", "gmail.com", "yahoo.com", "proton.me", "icloud.com", "fastmail.com", "gmx.de"]
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Victim@Example.com", "victim@example.com"),
        ("victim+7@example.com", "victim@example.com"),
        ("v.ictim@gmail.com", "victim@gmail.com"),
        ("vi.c.tim+news@googlemail.com", "victim@gmail.com"),
        ('"victim"@gmail.com', "victim@gmail.com"),
        ("victim@gmail.com.", "victim@gmail.com"),
        ("\uff56ictim@gmail.com", "victim@gmail.com"),
        ("victim+a+b@outlook.com", "victim@outlook.com"),
        ("victim+a@hotmail.co.uk", "victim@hotmail.co.uk"),
        ("victim+a@live.de", "victim@live.de"),
        ("victim-news@yahoo.de", "victim@yahoo.de"),
        ("victim-news@ymail.com", "victim@ymail.com"),
        ("victim@me.com", "victim@icloud.com"),
        ("victim+a@mac.com", "victim@icloud.com"),
        ("v.ic-ti_m@pm.me", "victim@proton.me"),
        ("victim@protonmail.com", "victim@proton.me"),
        ("anything@victim.fastmail.com", "victim@fastmail.com"),
        ("victim+a@fastmail.com", "victim@fastmail.com"),
        ("vic.tim@ya.ru", "victim@yandex.ru"),
    ],
)
def test_spellings_of_one_mailbox_are_one(written, meant):
    assert mailbox(written) == mailbox(meant) == meant


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("v.ictim@example.com", "victim@example.com"),
        ("victim-news@example.com", "victim@example.com"),
        ("victim@outlook.com", "victim@hotmail.com"),
        ("victim@yahoo.com", "victim@yahoo.de"),
        ("vic.tim@outlook.com", "victim@outlook.com"),
        ("+news@example.com", "@example.com"),
        ("-news@yahoo.com", "-other@yahoo.com"),
    ],
)
def test_different_mailboxes_stay_different(one, other):
    assert mailbox(one) != mailbox(other)


@given(NAMES, TAGS, DOMAINS)
def test_a_tag_does_not_change_the_mailbox(name, tag, domain):
    assert mailbox(f"{name}+{tag}@{domain}") == mailbox(f"{name.upper()}@{domain.upper()}")


@given(NAMES, TAGS, DOMAINS)
def test_the_mailbox_of_a_mailbox_is_itself(name, tag, domain):
    once = mailbox(f"{name}.{tag}@{domain}")
    assert mailbox(once) == once
