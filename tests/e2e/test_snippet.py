import gzip
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from ripen_cli.project import ROOT

SNIPPET = (ROOT / "web" / "ripen.js").read_bytes()
PAGE = """<!doctype html><title>A page</title>
<script src="/ripen.js"></script>
<script>ripen.load("site-key", {{ host: "{endpoint}/" }})</script>
<a href="/next" data-ripen-event="Promotion Clicked" data-ripen-prop-promotion-id="offer">Offer</a>
<button data-ripen-event="Tool Used" data-ripen-prop-tool="calculator"><b>Calculate</b></button>
<form action="/next" data-ripen-identify data-ripen-event="Signed Up" data-ripen-prop-asset="workshop">
  <input name="email"><input name="firstName"><input name="company"><input name="secret" type="password">
  <input name="token" type="hidden" value="t"><button>Send</button>
</form>"""


class Recorder:
    """What arrived at the tracking endpoint, and how it answers: `failures` first, then with success."""

    def __init__(self):
        self.requests = []
        self.failures = []
        self.origin = self.endpoint = ""

    def events(self, count=None):
        """All events so far; waits for `count` of them when given."""
        deadline = time.monotonic() + 15
        while count is not None and len(self.requests) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        if count is not None:
            assert len(self.requests) == count
        return [body for _, _, body in self.requests]


@contextmanager
def _server(recorder):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            script = self.path == "/ripen.js"
            kind = "text/javascript" if script else "text/html"
            self._answer(200, SNIPPET if script else PAGE.format(endpoint=recorder.endpoint).encode(), kind)

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            recorder.requests.append((urlsplit(self.path).path, self.headers, body))
            self._answer(recorder.failures.pop(0) if recorder.failures else 200, b"{}", "application/json")

        def _answer(self, status, body, kind):
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.send_header("access-control-allow-origin", "*")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def recorder():
    recorder = Recorder()
    # The endpoint is another origin than the site; it answers no preflight, so none may be needed.
    with _server(recorder) as recorder.origin, _server(recorder) as recorder.endpoint:
        yield recorder


@pytest.fixture
def page(browser, recorder):
    with browser.new_context() as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(f"{recorder.origin}/first?utm_source=feed&utm_medium=paid-social&utm_campaign=spring")
        yield page


def _cookies(page):
    return page.context.cookies()


def _fence(page):
    """After it, whatever the page had sent before has arrived."""
    page.evaluate("fetch('/fence').then((answer) => answer.text())")


def test_before_consent_nothing_is_sent_and_nothing_stored(page, recorder):
    page.evaluate("ripen.page(); ripen.track('Tool Used')")
    _fence(page)

    assert recorder.events() == []
    assert _cookies(page) == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.evaluate("ripen.consent()") is None


def test_consent_sends_what_waited_with_all_its_context(page, recorder):
    page.evaluate("ripen.page('Landing', { variant: 'a' })")
    page.evaluate("ripen.consent(true)")

    [event] = recorder.events(1)
    [cookie] = _cookies(page)
    path, headers, _ = recorder.requests[0]
    assert path == "/v1/page"
    assert headers["content-type"].startswith("text/plain")
    assert cookie["value"] == f"yes.{event['anonymousId']}"
    assert len(event["anonymousId"]) == len(event["messageId"]) == 36
    assert event["writeKey"] == "site-key"
    assert event["originalTimestamp"] <= event["sentAt"]
    assert event["context"]["campaign"] == {"source": "feed", "medium": "paid-social", "name": "spring"}
    assert event["context"]["page"] == {"path": "/first", "url": page.url, "title": "A page", "referrer": ""}
    assert event["context"]["locale"]
    assert event["context"]["timezone"]
    assert event["properties"] == {**event["context"]["page"], "name": "Landing", "variant": "a"}


def test_denial_drops_what_waited_and_what_follows(page, recorder):
    page.evaluate("ripen.page(); ripen.consent(false); ripen.track('Tool Used')")
    page.goto(f"{recorder.origin}/next")
    page.evaluate("ripen.page()")
    _fence(page)

    assert recorder.events() == []
    assert [cookie["value"] for cookie in _cookies(page)] == ["no"]
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("ripen.consent()") is False


def test_consent_withdrawn_forgets_the_visitor(page, recorder):
    recorder.failures = [503]
    page.evaluate("ripen.consent(true); ripen.identify('user-1'); ripen.consent(false)")
    recorder.events(1)

    assert [cookie["value"] for cookie in _cookies(page)] == ["no"]
    assert page.evaluate("localStorage.length") == 0


def test_a_visitor_keeps_the_cookie_over_pages_until_reset(page, recorder):
    page.evaluate("ripen.consent(true); ripen.page()")
    [cookie] = _cookies(page)
    page.goto(f"{recorder.origin}/next")
    page.evaluate("ripen.page()")
    page.evaluate("ripen.reset(); ripen.page()")

    first, second, third = (event["anonymousId"] for event in recorder.events(3))
    assert first == second != third
    assert cookie["sameSite"] == "Lax"
    assert cookie["path"] == "/"
    assert 364 < (cookie["expires"] - page.evaluate("Date.now() / 1000")) / 86_400 <= 365


@pytest.mark.parametrize("failure", [429, 503])
def test_a_retry_is_the_same_event(page, recorder, failure):
    recorder.failures = [failure]
    page.evaluate("ripen.consent(true); ripen.track('Tool Used')")

    first, second = recorder.events(2)
    assert first["messageId"] == second["messageId"]
    assert first["originalTimestamp"] == second["originalTimestamp"]
    assert first["sentAt"] < second["sentAt"]


def test_a_refused_event_is_not_repeated(page, recorder):
    recorder.failures = [400]
    page.evaluate("ripen.consent(true); ripen.track('Tool Used')")
    recorder.events(1)

    page.wait_for_function("localStorage.length === 0")


def test_a_click_sends_the_event_named_on_the_element(page, recorder):
    page.evaluate("ripen.consent(true)")
    page.get_by_text("Calculate").click()

    [event] = recorder.events(1)
    assert (event["event"], event["properties"]) == ("Tool Used", {"tool": "calculator"})


def test_a_form_identifies_and_then_tracks(page, recorder):
    page.evaluate("ripen.consent(true)")
    for name, value in {"email": "mara@oakhurst.example", "firstName": " Mara ", "secret": "hidden"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/next?*")
    page.wait_for_function("localStorage.length === 0")

    # What the page that was left had sent may come again from the next one, as the same event.
    events = {event["messageId"]: (path, event) for path, _, event in recorder.requests}
    by_path = dict(events.values())
    assert by_path["/v1/identify"]["traits"] == {"email": "mara@oakhurst.example", "firstName": "Mara"}
    assert by_path["/v1/track"]["event"] == "Signed Up"
    assert by_path["/v1/track"]["properties"] == {"asset": "workshop"}
    assert len(events) == 2


def test_a_click_that_leaves_the_page_loses_nothing(page, recorder):
    page.evaluate("ripen.consent(true)")
    recorder.failures = [503]
    page.get_by_role("link", name="Offer").click()
    page.wait_for_url("**/next")

    first, second = recorder.events(2)
    page.wait_for_function("localStorage.length === 0")
    assert first["messageId"] == second["messageId"]
    assert second["event"] == "Promotion Clicked"
    assert second["properties"] == {"promotion_id": "offer"}


def test_it_is_small():
    assert len(gzip.compress(SNIPPET)) < 4096
