import json
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ripen.events.event import Event
from ripen.sessions.attribution import Touch, direct_touch, first_touch, last_touch, on_page, path_of, touch_of
from ripen.sessions.channel_groups import CHANNEL_GROUPS, channel_of
from ripen.times import DAY, HOUR, MINUTE, to_iso
from stories import START


def viewed(at=START, path="/", *, name="Page Viewed", properties=None, **context):
    return Event(f"m{at}", name, at, "website", properties={"path": path} | (properties or {}), context=context)


def first_of(before, event):
    return first_touch(before, event, touch_of(event))


def last_of(before, event, idle):
    return last_touch(before, touch_of(event), idle)


def seen(event):
    touch = touch_of(event)
    return (touch.channel, touch.source, touch.medium) if touch else None


@pytest.mark.parametrize(
    ("source", "medium", "channel"),
    [
        ("google", "cpc", "paid-search"),
        ("www.bing.com", "ppc", "paid-search"),
        ("our-agency", "paid-search", "paid-search"),
        ("google", "organic", "organic-search"),
        ("google.co.uk", "", "organic-search"),
        ("linkedin", "paid-social", "paid-social"),
        ("lnkd.in", "cpc", "paid-social"),
        ("facebook", "social", "social"),
        ("our-agency", "sm", "social"),
        ("t.co", "referral", "social"),
        ("our-agency", "banner", "display"),
        ("our-agency", "cpm", "display"),
        ("our-agency", "cpc", "other"),
        ("newsletter", "email", "email"),
        ("newsletter", "", "email"),
        ("partner", "affiliate", "affiliate"),
        ("blog.example.org", "referral", "referral"),
        ("google.evil.example", "referral", "referral"),
        ("notgoogle.com", "referral", "referral"),
        ("", "", "direct"),
        ("flyer", "print", "other"),
        ("flyer", "", "other"),
    ],
)
def test_a_source_and_a_medium_make_a_channel(source, medium, channel):
    assert channel_of(source, medium) == channel
    assert channel in CHANNEL_GROUPS


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"campaign": {"source": "LinkedIn", "medium": "Paid-Social"}}, ("paid-social", "linkedin", "paid-social")),
        ({"campaign": {"clickId": "x1", "clickIdType": "gclid"}}, ("paid-search", "google", "cpc")),
        ({"campaign": {"clickId": "x1", "clickIdType": "gbraid"}}, ("paid-search", "google", "cpc")),
        ({"campaign": {"clickId": "x1", "clickIdType": "wbraid"}}, ("paid-search", "google", "cpc")),
        ({"campaign": {"clickId": "x1", "clickIdType": "fbclid"}}, ("social", "facebook", "social")),
        ({"campaign": {"clickId": "x1", "clickIdType": "li_fat_id"}}, ("paid-social", "linkedin", "paid-social")),
        (
            {"campaign": {"source": "newsletter", "medium": "email", "clickId": "x1", "clickIdType": "gclid"}},
            ("email", "newsletter", "email"),
        ),
        ({"campaign": {"name": "spring"}}, ("other", "", "")),
        ({"referrer": {"url": "https://www.google.de/"}}, ("organic-search", "google", "organic")),
        ({"referrer": {"url": "android-app://com.linkedin.android/"}}, ("social", "linkedin", "referral")),
        ({"referrer": {"url": "https://mail.google.com/mail/u/0"}}, ("email", "google", "email")),
        ({"referrer": {"url": "https://www.example.org/blog?user=1"}}, ("referral", "example.org", "referral")),
        ({"token": "t1"}, ("email", "ripen", "email")),
        ({"campaign": {"source": "ad"}, "referrer": {"url": "https://google.com"}}, ("other", "ad", "")),
        ({"campaign": {}, "referrer": {}}, None),
        ({}, None),
    ],
)
def test_a_touch_is_recognised_by_campaign_click_id_mail_or_referrer(context, expected):
    assert seen(viewed(**context)) == expected


def test_all_known_fields_of_a_touch_are_kept():
    campaign = {
        "source": "linkedin",
        "medium": "cpc",
        "name": "Spring 2026",
        "content": "banner-2",
        "term": "mills",
        "clickId": "AbC",
        "clickIdType": "li_fat_id",
    }
    event = viewed(path="/mills?x=1", campaign=campaign, referrer={"url": "https://www.linkedin.com/feed?me=1"})

    assert touch_of(event) == Touch(
        START,
        "paid-social",
        "linkedin",
        "cpc",
        "Spring 2026",
        "banner-2",
        "mills",
        "li_fat_id:AbC",
        "www.linkedin.com",
        "/mills",
    )


@pytest.mark.parametrize("url", ["https://example.com/a", "https://www.example.com/a", "https://shop.example.com"])
def test_a_referrer_on_the_site_itself_is_no_touch(url):
    page = {"url": "https://www.example.com/b", "referrer": url}
    assert touch_of(viewed(properties=page)) is None
    assert touch_of(viewed(name="Signed Up", page=page)) is None


def test_the_referrer_is_read_from_the_page_that_segments_sdk_sends():
    page = {"url": "https://www.example.com/b", "referrer": "https://duckduckgo.com/"}
    assert seen(viewed(properties=page)) == ("organic-search", "duckduckgo", "organic")
    assert seen(viewed(name="Signed Up", page=page)) == ("organic-search", "duckduckgo", "organic")


GATEWAYS = frozenset({"paypal.com", "login.microsoftonline.com"})


@pytest.mark.parametrize(
    "host", ["paypal.com", "www.paypal.com", "www.sandbox.paypal.com", "PayPal.com.", "login.microsoftonline.com:443"]
)
def test_a_return_from_an_ignored_host_is_no_touch_in_any_field(host):
    url = f"https://{host}/checkout?token=1"

    assert touch_of(viewed(referrer={"url": url}), GATEWAYS) is None
    assert touch_of(viewed(properties={"referrer": url}), GATEWAYS) is None
    assert touch_of(viewed(name="Order Completed", page={"referrer": url}), GATEWAYS) is None
    remembered = viewed(firstTouch={"referrer": url, "path": "/thanks"})
    assert first_touch(None, remembered, None, GATEWAYS).direct


@pytest.mark.parametrize("host", ["notpaypal.com", "paypal.com.example.org", "microsoftonline.com", "com"])
def test_hosts_that_resemble_an_ignored_one_are_touches(host):
    assert touch_of(viewed(referrer={"url": f"https://{host}/"}), GATEWAYS).referrer == host


def test_a_campaign_counts_from_an_ignored_host_too():
    event = viewed(campaign={"source": "paypal", "medium": "cpc"}, referrer={"url": "https://www.paypal.com/offers"})

    assert touch_of(event, GATEWAYS)[1:4] == ("other", "paypal", "cpc")


def test_the_first_touch_is_that_of_the_first_visit_even_if_direct():
    direct = viewed(START, "/start")
    ad = viewed(START + DAY, campaign={"source": "ad"})

    assert first_of(None, direct) == direct_touch(direct) == Touch(START, "direct", path="/start")
    assert reduce(first_of, [direct, ad], None).direct
    assert reduce(first_of, [ad, direct], None).direct


def test_the_browser_remembers_a_first_touch_from_before_consent():
    memory = {"source": "xing", "path": "/offer", "referrer": "https://www.xing.com/", "at": to_iso(START - DAY)}
    touch = first_of(None, viewed(START, firstTouch=memory))

    assert touch == Touch(START - DAY, "social", "xing", referrer="www.xing.com", path="/offer")


@pytest.mark.parametrize("at", [None, 17, "yesterday", "2099-01-01T00:00:00Z", "0001-01-01T00:00:00Z", ["x"]])
def test_an_impossible_remembered_time_is_replaced_by_that_of_the_event(at):
    assert first_of(None, viewed(START, firstTouch={"source": "xing", "at": at})).at == START


def test_events_of_servers_and_bots_are_no_visit():
    from_server = Event("m1", "Deal Won", START, "crm")
    from_bot = Event("m2", "Page Viewed", START, "website", bot="crawler")

    assert first_of(None, from_server) is None
    assert not on_page(from_bot)


def test_the_last_touch_is_the_last_that_was_not_direct():
    ad = viewed(START, campaign={"source": "ad"})
    search = viewed(START + DAY, referrer={"url": "https://ecosia.org"})
    direct = viewed(START + 2 * DAY)

    touch = None
    for event in (ad, search, direct):
        touch = last_of(touch, event, DAY)
    assert touch == touch_of(search)


def test_the_last_touch_does_not_change_during_a_visit():
    ad = {"source": "ad"}
    landing, next_page, again = (viewed(at, campaign=ad) for at in (START, START + MINUTE, START + HOUR))

    touch = last_of(last_of(None, landing, 0), next_page, MINUTE)
    assert touch.at == START
    assert last_of(touch, again, 59 * MINUTE).at == START + HOUR


def test_a_touch_survives_json():
    touch = touch_of(viewed(campaign={"source": "ad", "name": "é"}))
    assert touch.as_json() == {"at": START, "channel": "other", "source": "ad", "campaign": "é", "path": "/"}
    assert Touch.from_json(json.loads(json.dumps(touch.as_json()))) == touch


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text()
    | st.sampled_from(("http://[", "https://a@b:x/", "\ud800", "\x00\n", "x" * 5000, "2026-01-01", "gclid"))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
PARTS = st.dictionaries(
    st.sampled_from(
        ("source", "medium", "name", "content", "term", "clickId", "clickIdType", "referrer", "url", "path", "at")
    ),
    VALUES,
)
CONTEXTS = st.dictionaries(st.sampled_from(("campaign", "firstTouch", "referrer", "page", "token")), PARTS | VALUES)


@given(st.sampled_from(("Page Viewed", "Signed Up")), PARTS, CONTEXTS)
def test_touches_of_any_input_are_bounded_and_raise_no_error(name, properties, context):
    event = Event("m1", name, START, "website", properties=properties, context=context)

    touches = [touch_of(event, GATEWAYS), first_of(None, event), last_of(None, event, 0)]

    assert len(path_of(event)) <= 200
    for touch in touches:
        if touch is not None:
            text = json.dumps(touch.as_json(), ensure_ascii=False)
            assert text.isprintable()
            assert len(text.encode()) < 5_000
            assert touch.channel in CHANNEL_GROUPS
            assert touch.at <= START
