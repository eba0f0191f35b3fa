"""The browser snippet: events that it records on the pages of a site."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error

HIDE = """(state) => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
SCROLL = "new Promise((done) => { addEventListener('scroll', done, { once: true }); scrollTo(0, innerHeight); })"
TALL = "document.body.style.height = `${4 * window.innerHeight - document.body.getBoundingClientRect().top}px`"
WAITING = """() => Object.keys(localStorage).filter((key) => key.startsWith('ripen:'))
  .flatMap((key) => JSON.parse(localStorage[key]).events.map(({ event }) => event))"""


def by_beacon(request):
    return request[1]["sec-fetch-mode"] == "no-cors"


def outside(recorder):
    """The address of another host."""
    return f"http://elsewhere.localhost:{urlsplit(recorder.origin).port}"


def show(page, html):
    page.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", html)


# ---------------------------------------------------------------- page views


def test_page_views_are_sent_when_an_app_changes_the_address_itself(agreed, recorder):
    first = agreed.url
    agreed.evaluate("history.pushState({}, '', '/second'); document.title = 'Second'")
    recorder.events("page")
    agreed.evaluate("history.replaceState({}, '', '/second?tab=2')")
    recorder.events("page", "page")
    agreed.evaluate("history.back()")

    pages = [event["context"]["page"] for event in recorder.events("page", "page", "page")]
    assert [urlsplit(page["url"])[2:4] for page in pages] == [
        ("/second", ""),
        ("/second", "tab=2"),
        ("/first", urlsplit(first).query),
    ]
    assert pages[0]["title"] == "Second"
    assert [page["referrer"] for page in pages] == [first, pages[0]["url"], pages[1]["url"]]


def test_fragments_repeated_addresses_and_own_calls_of_the_app_add_no_page_view(agreed, recorder, fence):
    agreed.evaluate("history.pushState({}, '', '#part'); history.replaceState({ n: 1 }, '')")
    agreed.evaluate("history.pushState({}, '', '/second'); ripen.page()")
    recorder.events("page")
    agreed.clock.fast_forward(1000)
    fence(agreed)

    assert len(recorder.so_far()) == 1


def test_hash_routes_are_pages_when_the_option_is_set(agreed, recorder, taken):
    recorder.options["hash"] = True
    agreed.goto(f"{recorder.origin}/first#/start")
    agreed.evaluate("ripen.page()")
    recorder.events("page")
    agreed.evaluate("location.hash = '#/pricing?plan=pro'")
    recorder.events("page", "page")
    agreed.evaluate("history.pushState({}, '', '#!/team/')")
    recorder.events("page", "page", "page")
    agreed.evaluate("history.back()")
    events = recorder.events("page", "Page Left", "page", "Page Left", "page", "Page Left", "page", beside=())

    pages = [event["context"]["page"] for event in events if event["type"] == "page"]
    base = f"{recorder.origin}/first"
    assert [(page["path"], page["url"]) for page in pages] == [
        ("/first/start", f"{base}#/start"),
        ("/first/pricing", f"{base}#/pricing?plan=pro"),
        ("/first/team/", f"{base}#!/team/"),
        ("/first/pricing", f"{base}#/pricing?plan=pro"),
    ]
    assert [page["referrer"] for page in pages[1:]] == [page["url"] for page in pages[:-1]]
    left = [event["properties"]["path"] for event in events if event.get("event") == "Page Left"]
    assert left == ["/first/start", "/first/pricing", "/first/team/"]
    assert events[0]["context"]["firstTouch"]["path"] == "/first", "agreed to on the page without a route"


def test_anchors_are_no_page_views_of_an_app_with_hash_routes(agreed, recorder, fence):
    recorder.options["hash"] = True
    agreed.goto(f"{recorder.origin}/first#/docs")
    agreed.evaluate("location.hash = '#/docs#install'; location.hash = '#/docs'; history.pushState({}, '', '#/docs')")
    agreed.evaluate("location.hash = '#part'; ripen.page()")
    [page] = recorder.events("page")
    agreed.evaluate("location.hash = '#top'")
    agreed.clock.fast_forward(1000)
    fence(agreed)

    assert page["context"]["page"]["path"] == "/first"
    assert len(recorder.so_far()) == 1


def test_automatic_page_views_can_be_turned_off(agreed, recorder, fence):
    recorder.options["spa"] = False
    agreed.reload()
    agreed.evaluate("history.pushState({}, '', '/second')")
    agreed.clock.fast_forward(1000)
    fence(agreed)

    assert recorder.so_far() == []


def test_the_first_page_view_can_be_sent_automatically(agreed, recorder):
    recorder.options["page"] = True
    agreed.reload()

    recorder.events("page")


def test_a_page_restored_from_the_back_forward_cache_is_viewed_again(agreed, recorder):
    agreed.evaluate("ripen.page()")
    recorder.events("page")
    agreed.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    recorder.events("page", "Page Left", beside=())
    agreed.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

    recorder.events("page", "Page Left", "page", beside=())


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("page()", {"type": "page", "properties": {}}),
        ("page('Home')", {"type": "page", "name": "Home", "properties": {}}),
        ("page('Guides', 'First', { n: 1 })", {"category": "Guides", "name": "First", "properties": {"n": 1}}),
        ("page({ n: 1 })", {"type": "page", "properties": {"n": 1}}),
        ("track('Tool Used')", {"type": "track", "event": "Tool Used", "properties": {}}),
        ("identify('u-1', { company: 'Oak' })", {"type": "identify", "userId": "u-1", "traits": {"company": "Oak"}}),
        ("identify('u-1')", {"type": "identify", "userId": "u-1", "traits": {}}),
        ("identify({ company: 'Oak' })", {"type": "identify", "traits": {"company": "Oak"}}),
        ("identify(null, { company: 'Oak' })", {"type": "identify", "traits": {"company": "Oak"}}),
        ("group('g-1', { plan: 'trial' })", {"type": "group", "groupId": "g-1", "traits": {"plan": "trial"}}),
    ],
)
def test_calls_accept_the_arguments_of_analytics_js(agreed, recorder, call, expected):
    agreed.evaluate(f"ripen.{call}")

    [event] = recorder.events(expected.get("event", call.partition("(")[0]))
    about = {"messageId", "originalTimestamp", "context", "anonymousId", "type"}
    assert {key: value for key, value in event.items() if key not in about} | {"type": event["type"]} == {
        "type": event["type"],
        **expected,
    }


# ---------------------------------------------------------------- how long, how far down


def test_leaving_sends_duration_and_scroll_depth(still, recorder, taken):
    still.evaluate(TALL)
    still.evaluate("ripen.page()")
    still.clock.fast_forward(65_000)
    still.evaluate(SCROLL)
    still.evaluate("scrollTo(0, 0)")
    taken(still)
    still.goto(f"{recorder.origin}/next")

    page, left = recorder.events("page", "Page Left", beside=())
    assert left["properties"]["path"] == left["context"]["page"]["path"] == "/first"
    assert 65 <= left["properties"]["seconds"] < 80
    assert left["properties"]["scroll"] == 50
    assert by_beacon(recorder.requests[-1])
    assert still.evaluate(WAITING) == [], "it is not worth a second request"
    assert left["anonymousId"] == page["anonymousId"]


def test_only_visible_time_counts_and_is_sent_in_one_event(still, recorder, taken):
    still.evaluate("ripen.page()")
    for _ in range(3):
        still.clock.fast_forward(10_000)
        still.evaluate(HIDE, "hidden")
        still.clock.fast_forward(600_000)
        still.evaluate(HIDE, "visible")
    taken(still)
    still.goto(f"{recorder.origin}/next")

    _, left = recorder.events("page", "Page Left", beside=())
    assert 30 <= left["properties"]["seconds"] < 45


def test_a_hidden_tab_that_crashes_counts_as_left(still, recorder, context, taken):
    still.evaluate("ripen.page()")
    still.clock.fast_forward(10_000)
    still.evaluate(HIDE, "hidden")
    recorder.events("page")
    still.wait_for_function(f"String(({WAITING})()) === 'Page Left'")
    with pytest.raises(Error, match="crash"):
        still.goto("chrome://crash")
    still.close()

    later = context.new_page()
    later.goto(f"{recorder.origin}/next")
    later.clock.fast_forward(31 * 60_000)
    taken(later)

    _, left = recorder.events("page", "Page Left", beside=())
    assert left["properties"]["path"] == "/first"
    assert 10 <= left["properties"]["seconds"] < 25


def test_a_page_of_an_app_is_left_before_the_next_is_viewed(still, recorder, taken):
    still.evaluate("ripen.page()")
    still.clock.run_for(50)
    taken(still)
    still.clock.fast_forward(20_000)
    still.evaluate("history.pushState({}, '', '/second')")
    still.clock.run_for(100)

    _, left, second = recorder.events("page", "Page Left", "page", beside=())
    assert left["properties"]["path"] == left["context"]["page"]["path"] == "/first"
    assert 20 <= left["properties"]["seconds"] < 35
    assert second["context"]["page"]["path"] == "/second"
    assert len(recorder.batches) == 2


# ---------------------------------------------------------------- clicks and forms


def test_a_click_sends_the_event_named_on_the_element(agreed, recorder):
    agreed.get_by_text("Calculate").click()

    [event] = recorder.events("Tool Used")
    assert event["properties"] == {"tool": "calculator"}


def test_a_form_identifies_and_then_tracks(agreed, recorder, taken):
    for name, value in {"email": "mara@oakhurst.example", "firstName": " Mara ", "secret": "hidden"}.items():
        agreed.locator(f"[name={name}]").fill(value)
    agreed.get_by_role("button", name="Send").click()
    agreed.wait_for_url("**/next?*")
    taken(agreed)

    identify, track = recorder.events("identify", "Signed Up")
    assert identify["traits"] == {"email": "mara@oakhurst.example", "firstName": "Mara"}
    assert identify["context"]["form"] is True
    assert "form" not in track["context"]
    assert track["properties"] == {"asset": "workshop"}
    assert identify["originalTimestamp"] < track["originalTimestamp"], "what was known when is told by the moments"


def test_a_click_that_leaves_the_page_loses_no_event(still, recorder, taken):
    recorder.failures = [503]
    recorder.pages["/next"] = "<!doctype html><title>A page without the snippet</title>"
    still.get_by_role("link", name="Offer").click()
    still.wait_for_url("**/next")
    recorder.sent(("Promotion Clicked",))
    still.goto(f"{recorder.origin}/first")

    first, second = recorder.sent(("Promotion Clicked",), ("Promotion Clicked",))
    taken(still)
    assert by_beacon(recorder.requests[0])
    assert first == second
    [event] = recorder.events("Promotion Clicked")
    assert event["properties"] == {"promotion_id": "offer"}


@pytest.mark.parametrize("button", ["left", "middle"])
def test_a_link_to_another_host_is_reported_while_the_page_is_left(agreed, recorder, button):
    url = f"{outside(recorder)}/partner?a=1"
    show(agreed, f'<a href="{url}"><b>Partner</b></a>')
    agreed.get_by_text("Partner").click(button=button)
    if button == "left":
        agreed.wait_for_url(url)

    [event] = recorder.events("Link Clicked")
    assert event["properties"] == {"url": url, "outbound": True}


@pytest.mark.parametrize("name", ["plan.pdf", "Plan.DOCX", "all.zip", "sheet.csv?v=2", "film.mp4"])
def test_a_download_is_reported(agreed, recorder, name):
    show(agreed, f'<a href="/files/{name}">Get it</a>')
    agreed.get_by_text("Get it").click()

    [event] = recorder.events("File Downloaded")
    assert event["properties"] == {"url": f"{recorder.origin}/files/{name}"}


def test_links_on_the_site_and_other_schemes_are_no_events(agreed, recorder, fence):
    show(agreed, '<a href="#x">Here</a> <a href="mailto:a@b.example">Mail</a> <a href="javascript:void 0">Script</a>')
    for name in ("Here", "Mail", "Script"):
        agreed.get_by_text(name).click()
    agreed.clock.fast_forward(1000)
    fence(agreed)

    assert recorder.so_far() == []
