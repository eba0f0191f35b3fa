from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ripen.events.event import RIPEN, Event
from ripen.sessions.sessions import MOST_PAGES, OTHER, Before, PageVisit, compile_conversions, spans, visits
from ripen.times import DAY, HOUR, MINUTE, SECOND
from stories import START

CONVERSIONS = compile_conversions(
    {
        "orders": {"event": "Order Completed"},
        "clicks": {"event": "Email Link Clicked"},
        "large": {"properties": {"total": [{"numeric": [">=", 1000]}]}},
    }
)


def viewed(at, path="/", **context):
    return Event(f"v{at}{path}", "Page Viewed", at, "website", properties={"path": path}, context=context)


def left(at, path, seconds):
    return Event(f"l{at}", "Page Left", at, "website", properties={"path": path, "seconds": seconds})


def happened(at, name, source="crm", **properties):
    return Event(f"e{at}{name}", name, at, source, properties=properties)


def identified(at, **traits):
    return Event(f"i{at}", "Identified", at, "website", traits=traits, context={"page": {"path": "/"}})


def of(*events, before=None):
    return visits(events, CONVERSIONS, *([before] if before else []))


def test_half_an_hour_without_an_event_ends_a_visit():
    found = of(viewed(START), viewed(START + 29 * MINUTE), viewed(START + 59 * MINUTE))

    assert [(visit.start, visit.end, visit.events) for visit in found] == [
        (START, START + 29 * MINUTE, 2),
        (START + 59 * MINUTE, START + 59 * MINUTE, 1),
    ]
    assert [visit.first for visit in found] == [True, False]


def test_pages_have_views_dwell_time_landing_and_exit():
    [visit] = of(
        viewed(START, "/offer?utm_source=x"),
        left(START + 20 * SECOND, "/offer", 18),
        viewed(START + 20 * SECOND, "/mills"),
        viewed(START + 60 * SECOND, "/offer"),
        left(START + 90 * SECOND, "/offer", 30),
    )

    assert visit.pages == {"/offer": PageVisit(2, 48), "/mills": PageVisit(1, 0)}
    assert (visit.landing, visit.exit) == ("/offer", "/offer")


def test_long_reading_does_not_end_a_visit_and_closing_an_old_tab_begins_none():
    reading = of(viewed(START, "/long"), left(START + HOUR, "/long", 3_600), viewed(START + HOUR + MINUTE, "/next"))
    assert [visit.events for visit in reading] == [3]

    overnight = of(viewed(START, "/"), left(START + 12 * HOUR, "/", 30), viewed(START + 12 * HOUR + MINUTE, "/"))
    assert [(visit.events, visit.end) for visit in overnight] == [(2, START), (1, START + 12 * HOUR + MINUTE)]


def test_a_visit_has_the_first_touch_that_was_not_direct():
    [visit] = of(
        viewed(START),
        viewed(START + MINUTE, campaign={"source": "xing"}),
        viewed(START + 2 * MINUTE, campaign={"source": "linkedin"}),
    )
    assert visit.touch.source == "xing"


def test_the_last_touch_that_was_not_direct_has_the_credit_for_ninety_days():
    ad, direct, late = of(
        viewed(START, campaign={"source": "xing"}), viewed(START + 89 * DAY), viewed(START + 91 * DAY)
    )
    assert ad.credit == ad.touch
    assert (direct.touch.channel, direct.credit.source) == ("direct", "xing")
    assert late.credit.channel == "direct"


GATEWAYS = frozenset({"paypal.com", "accounts.google.com"})
AD = {"source": "google", "medium": "cpc", "name": "spring"}


def returned(at, path, host):
    """A page view as an SDK tells it: with the referrer of the page alone."""
    page = {"path": path, "url": f"https://shop.example.com{path}", "referrer": f"https://{host}/"}
    return Event(f"r{at}", "Page Viewed", at, "website", properties=page)


def touched(*events):
    """The channels of the touch and of the credit of each visit, with its conversions."""
    found = visits(events, CONVERSIONS, ignored=GATEWAYS)
    return [(visit.touch.channel, visit.credit.channel, dict(visit.conversions)) for visit in found]


def test_a_payment_within_a_visit_keeps_the_ad_that_brought_it():
    paid = [returned(START + 8 * MINUTE, "/thanks", "www.paypal.com"), happened(START + 9 * MINUTE, "Order Completed")]

    assert touched(viewed(START, campaign=AD), *paid) == [("paid-search", "paid-search", {"orders": 1})]
    assert touched(viewed(START), *paid) == [("direct", "direct", {"orders": 1})]


def test_a_payment_in_a_direct_visit_is_credited_to_the_ad_of_the_day_before():
    found = touched(
        viewed(START, campaign=AD),
        viewed(START + DAY),
        returned(START + DAY + MINUTE, "/thanks", "www.paypal.com"),
        happened(START + DAY + MINUTE + 1, "Order Completed"),
    )
    assert found == [("paid-search", "paid-search", {}), ("direct", "paid-search", {"orders": 1})]


def test_a_return_from_the_bank_after_an_hour_has_the_touch_of_the_visit_before():
    back = [returned(START + HOUR, "/thanks", "www.paypal.com"), happened(START + HOUR + 1, "Order Completed")]

    assert touched(viewed(START, campaign=AD), *back)[1:] == [("paid-search", "paid-search", {"orders": 1})]
    assert touched(viewed(START), *back)[1:] == [("direct", "direct", {"orders": 1})]


def test_a_return_after_days_is_a_direct_visit():
    found = touched(viewed(START, campaign=AD), returned(START + 3 * DAY, "/", "accounts.google.com"))

    assert found == [("paid-search", "paid-search", {}), ("direct", "paid-search", {})]


def test_a_search_is_a_new_touch_even_if_the_same_company_is_an_ignored_sign_in_host():
    found = touched(returned(START, "/account", "accounts.google.com"), returned(START + HOUR, "/", "www.google.com"))

    assert [touch for touch, _, _ in found] == ["direct", "organic-search"]


def test_giving_an_address_makes_a_visitor_known_once():
    found = of(
        viewed(START),
        identified(START + MINUTE, firstName="Ann"),
        identified(START + HOUR, email="ann@example.com"),
        identified(START + 2 * HOUR, email="ann@example.org"),
    )
    assert [visit.known for visit in found] == [False, True, False]


def test_facts_of_older_events_are_carried_over():
    touch = of(viewed(START, campaign={"source": "xing"}))[0].touch
    [visit] = of(
        identified(START + DAY, email="ann@example.org"),
        before=Before({"email": "ann@example.com"}, visited=True, touch=touch),
    )
    assert (visit.first, visit.known, visit.credit) == (False, False, touch)


def test_conversions_of_servers_and_of_ripen_are_counted_too():
    found = of(
        viewed(START, campaign={"source": "xing"}),
        happened(START + MINUTE, "Order Completed", total=1000),
        happened(START + DAY, "Email Sent", source=RIPEN),
        happened(START + DAY + MINUTE, "Email Link Clicked", source=RIPEN),
        happened(START + 2 * DAY, "Ticket Opened"),
        happened(START + 3 * DAY, "Order Completed", total=5),
    )

    assert [dict(visit.conversions) for visit in found] == [{"orders": 1, "large": 1}, {"clicks": 1}, {"orders": 1}]
    assert [visit.touch is None for visit in found] == [False, True, True]
    assert {visit.credit.source for visit in found} == {"xing"}


def test_a_null_trait_is_missing_for_a_conversion():
    unknown = compile_conversions({"unknown": {"event": "Asked", "traits.role": {"exists": False}}})
    known, asked = identified(START, role="CEO", email=None), happened(START + SECOND, "Asked")
    forgotten, asked_again = identified(START + MINUTE, role=None), happened(START + 2 * MINUTE, "Asked")

    [found] = visits([known, asked, forgotten, asked_again], unknown)

    assert found.conversions == {"unknown": 1}
    assert not found.known


def test_a_click_on_a_page_of_ripen_is_no_conversion():
    link = "https://go.example/v1/preferences?t=abc.def"

    assert of(happened(START, "Email Link Clicked", source=RIPEN, link=link)) == []


def test_bots_make_no_visits():
    bot = Event("b1", "Page Viewed", START, "website", bot="crawler")
    assert of(bot) == []
    assert of(viewed(START), bot, viewed(START + HOUR))[0].events == 1


def test_a_group_differs_when_one_event_is_replaced_by_another():
    [before] = spans([viewed(START), viewed(START + 1, "/mills")], CONVERSIONS)
    [after] = spans([viewed(START), viewed(START + 1, "/offer")], CONVERSIONS)
    [later] = spans([viewed(START), replace(viewed(START + 1, "/mills"), at=START + 2)], CONVERSIONS)

    assert before[:3] == after[:3] == later[:3] == (START, 2, 1)
    assert len({before, after, later}) == 3


def test_a_visit_lists_a_limited_number_of_pages():
    [visit] = of(*(viewed(START + n * SECOND, f"/{n}") for n in range(MOST_PAGES + 10)))
    assert len(visit.pages) == MOST_PAGES + 1
    assert visit.pages[OTHER].views == 10


SECONDS = st.none() | st.text() | st.floats() | st.integers() | st.booleans() | st.lists(st.none())
ANY = st.builds(
    Event,
    id=st.text(min_size=1, max_size=3),
    name=st.sampled_from(("Page Viewed", "Page Left", "Signed Up", "Order Completed", "Email Link Clicked")),
    at=st.integers(START, START + 3 * HOUR).map(lambda at: at - at % MINUTE),
    source=st.sampled_from(("website", "crm", RIPEN)),
    properties=st.fixed_dictionaries({}, optional={"seconds": SECONDS, "path": SECONDS, "total": SECONDS}),
    traits=st.fixed_dictionaries({}, optional={"email": SECONDS}),
    bot=st.sampled_from(("", "", "crawler")),
)


@given(st.lists(ANY, max_size=20).map(lambda events: sorted(events, key=lambda event: event.at)))
def test_every_event_belongs_to_one_group_and_visits_are_groups(events):
    groups, found = spans(events, CONVERSIONS), visits(events, CONVERSIONS)
    members = [
        event
        for event in events
        if not event.bot and (event.source != RIPEN or event.name == "Email Link Clicked" or _large(event))
    ]

    assert sum(group.events for group in groups) == len(members)
    assert [group.start for group in groups] == sorted({group.start for group in groups})
    assert [(visit.start, visit.events) for visit in found] == [group[:2] for group in groups if group.counts]
    assert all(visit.start <= visit.end for visit in found)
    views = [event for event in members if event.name == "Page Viewed" and event.source != RIPEN]
    assert sum(visit.touch is not None for visit in found) <= len(views)
    assert sum(visit.first for visit in found) == bool(views)
    assert sum(visit.known for visit in found) <= 1


def _large(event):
    total = event.properties.get("total")
    return event.name == "Order Completed" or (
        isinstance(total, int | float) and not isinstance(total, bool) and total >= 1000
    )
