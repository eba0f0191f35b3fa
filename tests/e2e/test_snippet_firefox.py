"""The browser snippet in Firefox: the most important behaviour that the other files test in Chromium."""

from urllib.parse import urlsplit

import pytest

WHENEVER_DUE = 31 * 60 * 1000
pytestmark = pytest.mark.parametrize("browser", ["firefox"], indirect=True)


def test_nothing_is_sent_and_nothing_stored_before_consent(page, recorder, fence):
    page.evaluate("ripen.page(); ripen.track('Tool Used'); ripen.identify('user-1')")
    page.clock.fast_forward(1000)
    fence(page)

    assert recorder.requests == []
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.evaluate("ripen.consent()") is None


def test_consent_sends_the_queued_events_in_one_request_without_preflight(page, recorder):
    page.evaluate("ripen.page('Landing', { variant: 'a' })")
    page.evaluate("ripen.consent(true)")

    landing, _ = recorder.events("page", "Consent Given", beside=())
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


def test_no_event_follows_a_denial(agreed, recorder, fence):
    agreed.evaluate("ripen.track('Tool Used'); ripen.consent(false); ripen.track('Tool Used')")
    agreed.goto(f"{recorder.origin}/next")
    agreed.evaluate("ripen.page()")
    agreed.clock.fast_forward(1000)
    fence(agreed)

    recorder.events("Consent Withdrawn")
    assert [cookie["value"] for cookie in agreed.context.cookies()] == ["no"]
    assert agreed.evaluate("localStorage.length") == 0


def test_page_views_of_an_app_are_sent_with_their_duration(still, recorder, taken):
    still.evaluate("ripen.page()")
    still.clock.run_for(50)
    taken(still)
    still.clock.fast_forward(20_000)
    still.evaluate("history.pushState({}, '', '/second'); document.title = 'Second'")
    still.clock.run_for(100)

    _, left, second = recorder.events("page", "Page Left", "page", beside=())
    assert left["properties"]["path"] == "/first"
    assert 20 <= left["properties"]["seconds"] < 35
    assert second["context"]["page"]["title"] == "Second"
    assert urlsplit(second["context"]["page"]["url"]).path == "/second"
    still.clock.resume()
    still.evaluate("history.back()")
    paths = [event["context"]["page"]["path"] for event in recorder.events("page", "page", "page")]
    assert paths == ["/first", "/second", "/first"]


def test_leaving_sends_duration_and_scroll_depth_by_beacon(still, recorder, taken):
    still.evaluate(
        "document.body.style.height = `${4 * innerHeight - document.body.getBoundingClientRect().top}px`; ripen.page()"
    )
    still.clock.fast_forward(65_000)
    still.evaluate(
        "new Promise((done) => { addEventListener('scroll', done, { once: true }); scrollTo(0, innerHeight); })"
    )
    taken(still)
    still.goto(f"{recorder.origin}/next")

    _, left = recorder.events("page", "Page Left", beside=())
    assert 65 <= left["properties"]["seconds"] < 80
    assert left["properties"]["scroll"] == 50
    assert recorder.requests[-1][1]["sec-fetch-mode"] == "no-cors"


def test_a_form_identifies_while_the_page_is_left(still, recorder, taken):
    recorder.pages["/next"] = "<!doctype html><title>A page without the snippet</title>"
    still.locator("[name=email]").fill("mara@oakhurst.example")
    still.locator("[name=secret]").fill("hidden")
    still.get_by_role("button", name="Send").click()
    still.wait_for_url("**/next?*")
    recorder.sent(("identify", "Signed Up"))
    still.goto(f"{recorder.origin}/first")
    taken(still)

    by_beacon, by_the_next_page = recorder.requests
    assert [headers["sec-fetch-mode"] for _, headers, _ in (by_beacon, by_the_next_page)] == ["no-cors", "cors"]
    identify, track = recorder.events("identify", "Signed Up")
    assert identify["traits"] == {"email": "mara@oakhurst.example"}
    assert track["properties"] == {"asset": "workshop"}


def test_first_and_last_touch_are_sent(agreed, recorder):
    agreed.goto(f"{recorder.origin}/first?utm_source=mail&gclid=g-1")
    agreed.evaluate("ripen.track('Tool Used')")

    [event] = recorder.events("Tool Used")
    first = event["context"]["firstTouch"]
    assert event["context"]["campaign"] == {"source": "mail", "clickId": "g-1", "clickIdType": "gclid"}
    assert (first["source"], first["name"], first["path"]) == ("feed", "spring", "/first")


def test_events_are_sent_in_batches_and_a_failed_batch_is_repeated_unchanged(still, recorder, refused, taken):
    recorder.failures = [503]
    still.evaluate("for (let n = 0; n < 30; n += 1) ripen.track('Tool Used', { n })")
    ten = ("Tool Used",) * 10
    recorder.sent(ten * 2)
    refused(still)
    still.clock.run_for(50)
    still.clock.fast_forward(WHENEVER_DUE)
    taken(still)

    batches = recorder.sent(ten * 2, ten, ten * 2)
    assert batches[0] == batches[2]
    assert [event["properties"]["n"] for event in recorder.events(*ten * 3)] == [*range(30)]


def test_events_tracked_without_a_network_survive_a_reload(agreed, recorder, context, taken):
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

    recorder.events("Tool Used")
    assert len(recorder.batches) == 1


def test_reset_makes_another_visitor(agreed, recorder):
    agreed.evaluate("ripen.identify('user-1'); ripen.page()")
    recorder.events("identify", "page")
    agreed.evaluate("ripen.reset(); ripen.page()")

    _, before, after = recorder.events("identify", "page", "page")
    assert before["anonymousId"] != after["anonymousId"]
    assert (before["userId"], after.get("userId")) == ("user-1", None)
