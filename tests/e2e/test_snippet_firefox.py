"""The browser snippet in Firefox: what matters most of what the other files test in Chromium."""

from urllib.parse import urlsplit

import pytest

WHENEVER_DUE = 31 * 60 * 1000
pytestmark = pytest.mark.parametrize("browser", ["firefox"], indirect=True)


def names(events):
    return [event.get("event", event["type"]) for event in events]


def test_before_consent_nothing_is_sent_and_nothing_stored(page, recorder, fence):
    page.evaluate("ripen.page(); ripen.track('Tool Used'); ripen.identify('user-1')")
    page.clock.fast_forward(1000)
    fence(page)

    assert recorder.requests == []
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.evaluate("ripen.consent()") is None


def test_consent_sends_what_waited_in_one_request_without_asking_first(page, recorder):
    page.evaluate("ripen.page('Landing', { variant: 'a' })")
    page.evaluate("ripen.consent(true)")

    landing, given = recorder.events(2, beside=())
    [(path, headers, body)] = recorder.requests
    [cookie] = page.context.cookies()
    assert path == "/v1/batch"
    assert headers["content-type"].startswith("text/plain")
    assert "Firefox/" in headers["user-agent"]
    assert body["writeKey"] == "site-key"
    assert cookie["value"] == f"yes.{landing['anonymousId']}"
    assert cookie["sameSite"] == "Lax"
    assert landing["context"]["campaign"] == {"source": "feed", "medium": "paid-social", "name": "spring"}
    assert landing["context"]["page"] == {"path": "/first", "url": page.url, "title": "A page", "referrer": ""}
    assert given["event"] == "Consent Given"


def test_a_no_is_the_last_word(agreed, recorder, fence):
    agreed.evaluate("ripen.track('Tool Used'); ripen.consent(false); ripen.track('Tool Used')")
    agreed.goto(f"{recorder.origin}/next")
    agreed.evaluate("ripen.page()")
    agreed.clock.fast_forward(1000)
    fence(agreed)

    assert names(recorder.events()) == ["Consent Withdrawn"]
    assert [cookie["value"] for cookie in agreed.context.cookies()] == ["no"]
    assert agreed.evaluate("localStorage.length") == 0


def test_page_views_of_an_app_and_how_long_each_was_seen(agreed, recorder, taken):
    agreed.evaluate("ripen.page()")
    taken(agreed)
    agreed.clock.fast_forward(20_000)
    agreed.evaluate("history.pushState({}, '', '/second'); document.title = 'Second'")

    _, left, second = recorder.events(3, beside=())
    assert names([left, second]) == ["Page Left", "page"]
    assert left["properties"]["path"] == "/first"
    assert 20 <= left["properties"]["seconds"] < 35
    assert second["context"]["page"]["title"] == "Second"
    assert urlsplit(second["context"]["page"]["url"]).path == "/second"
    agreed.evaluate("history.back()")
    assert [event["context"]["page"]["path"] for event in recorder.events(3)] == ["/first", "/second", "/first"]


def test_leaving_by_beacon_tells_how_long_and_how_far_down(agreed, recorder, taken):
    agreed.evaluate(
        "document.body.style.height = `${4 * innerHeight - document.body.getBoundingClientRect().top}px`; ripen.page()"
    )
    agreed.clock.fast_forward(65_000)
    agreed.evaluate("scrollTo(0, innerHeight)")
    agreed.wait_for_function("scrollY > 0")
    agreed.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    taken(agreed)
    agreed.goto(f"{recorder.origin}/next")

    _, left = recorder.events(2, beside=())
    assert left["event"] == "Page Left"
    assert 65 <= left["properties"]["seconds"] < 80
    assert left["properties"]["scroll"] == 50
    assert recorder.requests[-1][1]["sec-fetch-mode"] == "no-cors"


def test_a_form_identifies_while_the_page_is_left(agreed, recorder, taken):
    agreed.locator("[name=email]").fill("mara@oakhurst.example")
    agreed.locator("[name=secret]").fill("hidden")
    agreed.get_by_role("button", name="Send").click()
    agreed.wait_for_url("**/next?*")
    taken(agreed)

    by_beacon, by_the_next_page = recorder.requests
    assert [headers["sec-fetch-mode"] for _, headers, _ in (by_beacon, by_the_next_page)] == ["no-cors", "cors"]
    identify, track = recorder.events(2)
    assert identify["traits"] == {"email": "mara@oakhurst.example"}
    assert (track["event"], track["properties"]) == ("Signed Up", {"asset": "workshop"})


def test_first_and_last_touch(agreed, recorder):
    agreed.goto(f"{recorder.origin}/first?utm_source=mail&gclid=g-1")
    agreed.evaluate("ripen.track('Tool Used')")

    [event] = recorder.events(1)
    first = event["context"]["firstTouch"]
    assert event["context"]["campaign"] == {"source": "mail", "clickId": "g-1", "clickIdType": "gclid"}
    assert (first["source"], first["name"], first["path"]) == ("feed", "spring", "/first")


def test_events_are_sent_in_batches_and_a_failed_one_again_as_it_was(agreed, recorder, taken):
    recorder.failures = [503]
    agreed.evaluate("for (let n = 0; n < 30; n += 1) ripen.track('Tool Used', { n })")
    recorder.events(30)
    agreed.clock.fast_forward(WHENEVER_DUE)
    taken(agreed)

    batches = recorder.sent(3)
    assert sorted(map(len, batches)) == [10, 20, 20]
    assert [event["properties"]["n"] for event in recorder.events(30)] == [*range(30)]


def test_what_was_tracked_without_a_network_survives_a_reload(agreed, recorder, context, taken):
    context.set_offline(True)
    agreed.evaluate("ripen.track('Tool Used')")
    agreed.wait_for_function("Object.keys(localStorage).filter((key) => key.startsWith('ripen:')).length === 1")
    agreed.clock.fast_forward(WHENEVER_DUE)
    assert recorder.batches == []
    agreed.evaluate("Object.defineProperty(navigator, 'onLine', { value: false })")
    context.set_offline(False)
    assert recorder.batches == []
    agreed.reload()
    taken(agreed)

    assert names(recorder.events(1)) == ["Tool Used"]
    assert len(recorder.batches) == 1


def test_reset_makes_another_visitor(agreed, recorder):
    agreed.evaluate("ripen.identify('user-1'); ripen.page()")
    recorder.events(2)
    agreed.evaluate("ripen.reset(); ripen.page()")

    _, before, after = recorder.events(3)
    assert before["anonymousId"] != after["anonymousId"]
    assert (before["userId"], after.get("userId")) == ("user-1", None)
