"""The browser snippet: consent and the id of the visitor."""

import pytest

WHENEVER_DUE = 31 * 60 * 1000


def cookies(page):
    return page.context.cookies()


def stored(page):
    return page.evaluate("localStorage.length + sessionStorage.length")


def test_nothing_is_sent_and_nothing_stored_before_consent(page, recorder, fence):
    page.evaluate("ripen.page(); ripen.track('Tool Used'); ripen.identify('user-1')")
    page.clock.fast_forward(1000)
    fence(page)

    assert recorder.requests == []
    assert cookies(page) == []
    assert stored(page) == 0
    assert page.evaluate("ripen.consent()") is None


def test_consent_sends_the_queued_events_with_all_their_context(page, recorder):
    page.evaluate("ripen.page('Landing', { variant: 'a' })")
    page.evaluate("ripen.consent(true)")

    event, given = recorder.events("page", "Consent Given", beside=())
    [cookie] = cookies(page)
    [(path, headers, body)] = recorder.requests
    campaign = {"source": "feed", "medium": "paid-social", "name": "spring"}
    assert path == "/v1/batch"
    assert headers["content-type"].startswith("text/plain")
    assert cookie["value"] == f"yes.{event['anonymousId']}"
    assert len(event["anonymousId"]) == len(event["messageId"]) == 36
    assert body["writeKey"] == "site-key"
    assert event["originalTimestamp"] <= body["sentAt"]
    assert event["context"]["campaign"] == campaign
    assert event["context"]["page"] == {"path": "/first", "url": page.url, "title": "A page", "referrer": ""}
    assert event["context"]["consent"] == {"categoryPreferences": {"analytics": True}}
    assert event["context"]["locale"]
    assert event["context"]["timezone"]
    assert (event["type"], event["name"], event["properties"]) == ("page", "Landing", {"variant": "a"})
    assert given["event"] == "Consent Given"


def test_given_consent_is_reported_once(page, recorder, taken):
    page.evaluate("ripen.consent(true)")
    recorder.events("Consent Given", beside=())
    taken(page)
    page.goto(f"{recorder.origin}/next")
    page.evaluate("ripen.consent(true); ripen.track('Tool Used')")

    recorder.events("Consent Given", "Tool Used", beside=())


def test_denial_drops_queued_and_later_events(page, recorder, fence):
    page.evaluate("ripen.page(); ripen.consent(false); ripen.track('Tool Used')")
    page.goto(f"{recorder.origin}/next")
    page.evaluate("ripen.page()")
    page.clock.fast_forward(1000)
    fence(page)

    assert recorder.requests == []
    assert [cookie["value"] for cookie in cookies(page)] == ["no"]
    assert stored(page) == 0
    assert page.evaluate("ripen.consent()") is False


def test_withdrawn_consent_is_the_last_event(still, recorder, fence):
    recorder.failures = [503]
    still.evaluate("ripen.identify('user-1'); ripen.page()")
    still.clock.run_for(50)
    recorder.events("identify", "page")
    still.evaluate("ripen.track('Tool Used'); ripen.consent(false); ripen.track('Tool Used')")
    still.clock.fast_forward(WHENEVER_DUE)
    still.goto(f"{recorder.origin}/next")
    fence(still)

    *_, last = recorder.events("identify", "page", "Consent Withdrawn", beside=())
    assert last["anonymousId"] == recorder.batches[0][0]["anonymousId"]
    assert last["context"]["consent"] == {"categoryPreferences": {"analytics": False}}
    assert recorder.requests[-1][1]["sec-fetch-mode"] == "no-cors", "by beacon"
    assert [cookie["value"] for cookie in cookies(still)] == ["no"]
    assert stored(still) == 0


def test_denial_in_another_tab_counts_in_this_tab_too(agreed, recorder, context, fence):
    other = context.new_page()
    other.goto(f"{recorder.origin}/next")
    agreed.evaluate("ripen.track('Tool Used')")
    other.evaluate("ripen.consent(false)")
    agreed.clock.fast_forward(1000)
    agreed.evaluate("ripen.track('Tool Used')")
    fence(agreed)

    assert {event["event"] for event in recorder.so_far()} <= {"Tool Used", "Consent Withdrawn"}
    assert len(recorder.batches) <= 2
    assert agreed.evaluate("ripen.consent()") is False
    assert stored(agreed) == 0


def test_events_that_a_tab_stored_during_a_denial_in_another_are_erased(still, recorder, fence):
    still.evaluate("ripen.track('Tool Used'); document.cookie = 'ripen=no; Path=/'")
    assert stored(still) == 2
    still.clock.run_for(50)
    fence(still)

    assert stored(still) == 0
    assert recorder.requests == []


def test_global_privacy_control_is_a_denial_until_the_visitor_agrees(context, recorder, fence):
    context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    page = context.new_page()
    page.goto(f"{recorder.origin}/first")
    page.evaluate("ripen.page(); ripen.track('Tool Used')")
    fence(page)
    assert page.evaluate("ripen.consent()") is False
    assert cookies(page) == []

    page.evaluate("ripen.consent(true); ripen.track('Asset Previewed')")
    page.goto(f"{recorder.origin}/next")

    assert page.evaluate("ripen.consent()") is True
    recorder.events("Consent Given", "Asset Previewed", beside=())  # nor how long the page was seen before


def test_a_prerendered_page_sends_no_event(agreed, recorder, fence):
    agreed.context.add_init_script("Object.defineProperty(document, 'prerendering', { value: true, writable: true })")
    agreed.goto(f"{recorder.origin}/next")
    agreed.evaluate("ripen.page()")
    agreed.clock.fast_forward(1000)
    fence(agreed)
    assert recorder.requests == []

    agreed.evaluate("document.prerendering = false; document.dispatchEvent(new Event('prerenderingchange'))")

    recorder.events("page")


# ---------------------------------------------------------------- who the visitor is


def test_a_visitor_keeps_the_cookie_over_pages_until_reset(agreed, recorder):
    page = agreed
    page.evaluate("ripen.identify(7); ripen.page()")
    [cookie] = cookies(page)
    recorder.events("identify", "page")
    page.goto(f"{recorder.origin}/next")
    page.evaluate("ripen.page()")
    recorder.events("identify", "page", "page")
    page.evaluate("ripen.reset(); ripen.page()")

    events = recorder.events("identify", "page", "page", "page")
    first, second, third = (event["anonymousId"] for event in events[1:])
    assert first == second != third
    assert [event.get("userId") for event in events] == ["7", "7", "7", None]
    assert cookie["sameSite"] == "Lax"
    assert cookie["path"] == "/"
    assert 364 < (cookie["expires"] - page.evaluate("Date.now() / 1000")) / 86_400 <= 365


@pytest.mark.parametrize(
    ("domain", "shared"), [(None, ".site.localhost"), ("shop.site.localhost", ".shop.site.localhost")]
)
def test_the_cookie_belongs_to_the_whole_site(context, recorder, domain, shared):
    if domain:
        recorder.options["domain"] = domain
    page = context.new_page()
    port = recorder.origin.rpartition(":")[2]
    page.goto(f"http://www.shop.site.localhost:{port}/")
    page.evaluate("ripen.consent(true)")

    [cookie] = cookies(page)
    assert cookie["domain"] == shared
    page.goto(f"http://shop.site.localhost:{port}/")
    assert page.evaluate("ripen.consent()") is True


LATE = """(leave) => {
  const [, id] = document.cookie.match(/yes\\.([0-9a-f-]{36})/);
  const { fetch } = window;
  window.fetch = async (...request) => {
    const answer = await fetch(...request);
    leave === 'reset' ? ripen.reset() : ripen.consent(false);
    document.cookie = `ripen=yes.${id}.20514; Path=/`;
    return answer;
  };
  ripen.track('Tool Used');
  return id;
}"""


@pytest.mark.parametrize(("leave", "sent"), [("reset", ()), ("withdrawal", ("Consent Withdrawn",))])
def test_an_answer_that_comes_late_brings_no_id_back(agreed, recorder, leave, sent):
    before = agreed.evaluate(LATE, leave)
    recorder.events("Tool Used", *sent)
    agreed.wait_for_function("(id) => !document.cookie.includes(id)", arg=before)

    [cookie] = cookies(agreed)
    assert cookie["value"].startswith("yes." if leave == "reset" else "no")


def test_denial_in_another_tab_stays_when_an_answer_comes_late(agreed, recorder):
    agreed.evaluate(
        """() => {
          const { fetch } = window;
          window.fetch = async (...request) => {
            const answer = await fetch(...request);
            document.cookie = 'ripen=no; Path=/';
            return answer;
          };
          ripen.track('Tool Used');
        }"""
    )
    recorder.events("Tool Used")
    agreed.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('ripen:'))")

    [cookie] = cookies(agreed)
    assert cookie["value"] == "no"


def test_the_day_behind_the_id_is_no_part_of_it(agreed, recorder):
    before = agreed.evaluate("document.cookie += '.20514; Path=/'")
    agreed.evaluate("ripen.track('Tool Used')")

    [event] = recorder.events("Tool Used")
    assert before == f"ripen=yes.{event['anonymousId']}.20514; Path=/"
    assert agreed.evaluate("ripen.consent()") is True
