"""Daily totals of page views: their keys are few and identify no person."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.privacy import anonymous_views
from ripen.privacy.anonymous_views import (
    MOST_KEYS_OF_A_REQUEST,
    KnownKeys,
    campaign_key,
    page_key,
    totals_key,
    view_keys,
)
from ripen.times import parse_iso


def view(path=None, *, context=None, **properties):
    return {"properties": {**({"path": path} if path is not None else {}), **properties}, "context": context or {}}


def pages(*paths):
    return [view(path) for path in paths]


def test_a_day_is_a_utc_day():
    assert totals_key(parse_iso("2026-11-21T23:59:59.999Z")) == "T#2026-11-21"
    assert totals_key(parse_iso("2026-11-22T00:30:00+01:00")) == "T#2026-11-21"


def test_a_page_and_its_campaign_are_counted_apart():
    campaign = {"source": "linkedin", "medium": "paid-social", "name": "autumn"}

    assert view_keys(view("/pricing", context={"campaign": campaign})) == [
        page_key("/pricing"),
        campaign_key("linkedin", "paid-social", "autumn"),
    ]


@pytest.mark.parametrize(
    "page",
    [
        view("/a"),
        view("/a?x=1#top"),
        view(url="https://www.example.com/a?x=1"),
        view(context={"page": {"path": "/a", "url": "https://www.example.com/b"}}),
        {"context": {"page": {"url": "https://www.example.com/a#b"}}},
    ],
)
def test_the_path_is_read_from_any_field_without_its_query(page):
    assert view_keys(page) == [page_key("/a")]


@pytest.mark.parametrize("path", [None, "", 7, ["/a"], "/" + "x" * 3_000, "\0"])
def test_a_page_without_a_usable_path_counts_as_other(path):
    assert view_keys(view(path)) == [page_key("(other)")]


def test_the_campaign_of_the_url_counts_when_the_context_has_none():
    url = "https://www.example.com/a?utm_source=News&utm_campaign=May+offers&utm_content=x"

    assert view_keys(view("/a", url=url)) == [page_key("/a"), campaign_key("News", "", "May offers")]


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com/a?UTM_SOURCE=news&Utm_Medium=email",
        "https://www.example.com/a?utm_source=news&amp;utm_medium=email",
        "https://www.example.com/a?utm_source=news&amp;amp;utm_medium=email",
        "https://www.example.com/a#/lp?utm_source=news&utm_medium=email",
        "https://www.example.com/a#utm_source=news&utm_medium=email",
        "https://www.example.com/a?id=5?utm_source=news&utm_medium=email",
        "https://www.example.com/a?utm_source=&utm_source=news&utm_medium=email&utm_medium=&utm_medium=cpc",
    ],
)
def test_campaign_parameters_are_read_in_common_spellings(url):
    assert view_keys(view("/a", url=url)) == [page_key("/a"), campaign_key("news", "email", "")]


@pytest.mark.parametrize("url", ["http://[", "https://x/?" + "&" * 3_000, "https://x/?" + "a=b&" * 200])
def test_an_invalid_url_has_no_campaign(url):
    assert view_keys(view("/a", url=url)) == [page_key("/a")]


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/guides/first-steps", "/guides/first-steps"),
        ("/blog/2026/11/a-long-title-with-many-words-in-it", "/blog/2026/11/a-long-title-with-many-words-in-it"),
        ("/a/ada@example.com/b", "/a/(id)/b"),
        ("/a/ada%40example.com", "/a/(id)"),
        ("/orders/4711", "/orders/4711"),
        ("/orders/123456", "/orders/(id)"),
        ("/u/0a0c1f5e-58a3-4f9d-9f0e-d0d5f3b3a001", "/u/(id)"),
        ("/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0", "/reset/(id)"),
        ("/of/visitor-7/x", "/of/(id)/x"),
        ("/of/VISITOR%2d7", "/of/(id)"),
        ("/of/vis/itor", "(other)"),
    ],
)
def test_path_parts_that_may_identify_a_person_are_masked(path, kept):
    page = view(path) | {"anonymousId": "visitor-7", "userId": "vis/itor"}

    assert view_keys(page) == [page_key(kept)]


def test_campaigns_are_masked_too():
    context = {"campaign": {"source": "crm/mail", "medium": "ada@example.com", "name": "customer 991234"}}

    assert view_keys(view("/", context=context)) == [page_key("/"), campaign_key("crm-mail", "(id)", "(id)")]


TOKEN = re.compile(r"(?=[^/]*[0-9])[a-z0-9_=.~]{24}", re.IGNORECASE)
"""A token in one pattern; it takes the square of the length of what it searches."""


@given(st.text(st.sampled_from("aZ_9-~/"), max_size=80) | st.from_regex(r"[a-z]{20,30}[/-]?[a-z]{0,30}[0-9]?"))
def test_a_token_is_a_long_word_with_a_digit_in_or_behind_it(text):
    assert any(map(anonymous_views._is_token, text.split("/"))) == bool(TOKEN.search(text))  # noqa: SLF001


def test_patterns_match_a_bounded_number_of_characters():
    for pattern in (anonymous_views._TELLING, anonymous_views._WORD, anonymous_views._DIGIT):  # noqa: SLF001
        assert re._parser.parse(pattern.pattern).getwidth()[1] <= 24, "what it costs is proportional to the text"  # noqa: SLF001


def test_a_long_id_is_found_by_its_beginning():
    page = view("/of/it-is-a-very-long-name-of-somebody/x") | {"userId": "it-is-a-very-long-name-of-somebody-else"}

    assert view_keys(page) == [page_key("/of/(id)/x")]


def test_a_view_with_too_many_traits_is_counted_without_page_and_campaign():
    context = {"campaign": {"name": "May"}, "traits": {f"n{n}": f"value {n}" for n in range(60)}}

    assert view_keys(view("/a", context=context)) == [page_key("(other)")]


def test_a_long_path_counts_as_other_and_a_long_name_is_no_campaign():
    assert view_keys(view("/" + "a/" * 300, context={"campaign": {"name": "a " * 200}})) == [page_key("(other)")]


@given(st.integers(1, 30), st.integers(1, 30))
def test_context_shared_by_views_is_read_once(many, more):
    shared = {"traits": {"name": "Ada"}, "campaign": {"name": "May"}, "page": {"path": "/a/b", "url": "/?x=1"}}
    texts = [count_reads([{"anonymousId": f"v{n}", "context": shared} for n in range(size)]) for size in (many, more)]

    assert texts[0] == texts[1]


def count_reads(views):
    """The number of characters of paths and campaigns that are searched for personal data."""
    read = []

    def tells(text, original=anonymous_views._tells):  # noqa: SLF001
        read.append(len(text))
        return original(text)

    with patch.object(anonymous_views, "_tells", tells):
        KnownKeys().tally("T#1", views)
    return sum(read)


@given(st.text(max_size=400), st.text(max_size=100))
def test_keys_are_short_printable_and_normalized(path, source):
    for key in view_keys(view(path, context={"campaign": {"source": source}})):
        assert key.isprintable()
        assert key == unicodedata.normalize("NFC", key)
        assert len(key.encode()) <= 1_024, "DynamoDB takes no more"


@given(st.lists(st.sampled_from(["/a", "/b", "/c"]), max_size=20))
def test_every_page_view_is_counted_once(paths):
    assert KnownKeys().tally("T#1", pages(*paths)) == Counter(map(page_key, paths))


def test_keys_beyond_the_limit_of_a_process_and_day_count_as_other():
    known = KnownKeys(most=3)
    known.tally("T#1", pages("/a", "/b"))

    assert known.tally("T#1", pages("/c", "/d", "/a")) == {page_key("/c"): 1, page_key("(other)"): 1, page_key("/a"): 1}
    assert known.tally("T#1", [view("/e", context={"campaign": {"name": "x"}})]) == {
        page_key("(other)"): 1,
        "campaign#(other)//": 1,
    }
    assert known.tally("T#2", pages("/d")) == {page_key("/d"): 1}, "a new day"


def test_one_request_makes_few_keys():
    tallied = KnownKeys().tally("T#1", pages(*(f"/p-{n}" for n in range(2_000))))

    assert len(tallied) == MOST_KEYS_OF_A_REQUEST + 1
    assert sum(tallied.values()) == 2_000
