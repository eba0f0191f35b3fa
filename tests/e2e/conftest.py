import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import sync_playwright

from ripen_cli import cloud as local_cloud
from ripen_cli.cloud import with_server
from ripen_cli.demo.browser import CHROMIUM, FIREFOX, launched
from ripen_cli.demo.server import listen
from ripen_cli.project import ROOT

SERVER_KEY = "a-secret-key"
METERED_KEY = "a-metered-key"
FORGETTING_KEY = "a-forgetting-key"
SNIPPET = (ROOT / "functions" / "track" / "ripen.min.js").read_bytes()
OFFERS_SCRIPT = (ROOT / "functions" / "track" / "offers.min.js").read_bytes()
BESIDE = ("Consent Given", "Page Left")
PAGE = """<!doctype html><title>A page</title>
<script src="/ripen.js"></script>
<script>ripen.load("site-key", {options})</script>
<a href="/next" data-ripen-event="Promotion Clicked" data-ripen-prop-promotion-id="offer">Offer</a>
<button data-ripen-event="Tool Used" data-ripen-prop-tool="calculator"><b>Calculate</b></button>
<form action="/next" data-ripen-identify data-ripen-event="Signed Up" data-ripen-prop-asset="workshop">
  <input name="email"><input name="firstName"><input name="company"><input name="secret" type="password">
  <input name="token" type="hidden" value="t"><button>Send</button>
</form>"""


def _ignore(_line):
    pass


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright, request):
    """Chromium, or what a test names that is parametrized indirectly."""
    name = getattr(request, "param", "chromium")
    with launched(getattr(playwright, name), _ENGINES[name], _ignore) as browser:
        yield browser


_ENGINES = {"chromium": CHROMIUM, "firefox": FIREFOX}


@pytest.fixture(scope="module")
def sheet(browser):
    """A page for pictures, with letters as wide everywhere."""
    with browser.new_context() as context:
        sheet = context.new_page()
        sheet.set_content("<span style='font: 100px Helvetica, Arial, sans-serif'>The quick brown fox</span>")
        width = sheet.locator("span").evaluate("(element) => element.getBoundingClientRect().width")
        assert round(width) == 895, "there is no font as wide as Arial; on Debian: apt-get install fonts-liberation"
        yield sheet


@pytest.fixture(scope="session")
def cloud():
    """The local cloud with the starter rules and three servers with the keys above: one has a limit, one forgets."""
    with listen(0) as probe:
        port = probe.getsockname()[1]
    started = local_cloud.start(port, _ignore)
    files = with_server(local_cloud.local_rules(started.server_key), "server", SERVER_KEY)
    files = with_server(files, "metered", METERED_KEY, "limit_per_minute: 40")
    files = with_server(files, "forgetting", FORGETTING_KEY, "on_withdrawal: erase")
    local_cloud.publish_rules(started, files)
    yield started
    local_cloud.stop(port)


def name_of(event):
    """The name of a tracked event, the type of another call."""
    return event.get("event", event["type"])


@pytest.fixture(scope="session")
def stack(cloud):
    """The physical id of each resource of the local cloud, by its name in the template."""
    pages = cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=local_cloud.STACK)
    found = (one for page in pages for one in page["StackResourceSummaries"])
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


@pytest.fixture(scope="session")
def wait_for():
    """Asks the local cloud until a condition holds, which `what` names; returns the condition's last value."""

    def wait(what, condition):
        deadline = time.monotonic() + 240  # a busy machine is slow, and nothing is wrong
        while not (found := condition()):
            assert time.monotonic() < deadline, what
            time.sleep(0.1)
        return found

    return wait


class Recorder:
    """A tracking endpoint that keeps requests and answers them: with `failures` first, then with success.

    A failure of 429 says `retry_after`; `options` are those of `ripen.load` beside the host; `pages` replaces the page
    at a path, `policy` is the content security policy of all pages. `offers` is the answer to requests for offers,
    `asked` holds the queries of these requests.
    """

    def __init__(self):
        self.requests = []
        self.failures = []
        self.retry_after = "40"
        self.options = {"delay": 50}
        self.pages = {}
        self.policy = ""
        self.offers = []
        self.asked = []
        self.origin = self.endpoint = ""
        self._news = threading.Condition()

    @property
    def batches(self):
        return [body["batch"] for _, _, body in self.requests]

    def events(self, *names, beside=BESIDE):
        """The events of these names as soon as all of them have arrived: in this order, with no others.

        Those whose names are in `beside` are left out.
        """
        self._wait(lambda: not Counter(names) - Counter(map(name_of, self.so_far(beside))))
        found = self.so_far(beside)
        assert [name_of(event) for event in found] == list(names)
        return found

    def so_far(self, beside=BESIDE):
        """Each event that has arrived; does not wait."""
        events = {event["messageId"]: event for batch in self.batches for event in batch}
        return [event for event in events.values() if name_of(event) not in beside]

    def sent(self, *batches):
        """The members of each request, sent again or not, as soon as requests with events of these names arrived.

        They arrived in this order, and no other request did.
        """
        self._wait(lambda: len(self.batches) >= len(batches))
        found = self.batches
        assert [tuple(map(name_of, batch)) for batch in found] == [*batches]
        return [[event["messageId"] for event in batch] for batch in found]

    def questions(self, path, count=1):
        """The queries of the page at a path for offers, as soon as it has sent `count` of them."""

        def asked():
            return [question for question in self.asked if question["path"] == path]

        assert self._wait(lambda: len(asked()) >= count), self.asked
        return asked()

    def _wait(self, arrived):
        """Waits until a request makes a condition true, at most 30 seconds; returns whether it holds."""
        with self._news:
            return self._news.wait_for(arrived, timeout=30)

    def take(self, *request):
        """Keep a request to the tracking endpoint; gives the status of its answer."""
        with self._news:
            self.requests.append(request)
            self._news.notify_all()
            return self.failures.pop(0) if self.failures else 200

    def answer(self, question):
        """Keep a question for offers; gives the offers as they are at this moment."""
        with self._news:
            self.asked.append(question)
            self._news.notify_all()
            return self.offers

    def page(self, path):
        options = json.dumps({"host": f"{self.endpoint}/", **self.options})
        return self.pages.get(path) or PAGE.format(options=options)


@contextmanager
def _server(recorder):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            name = parts.path.rpartition("/")[2]
            if name in _SCRIPTS:
                self._answer(200, _SCRIPTS[name], "text/javascript")
            elif parts.path.endswith("/v1/offers"):
                offers = recorder.answer(dict(parse_qsl(parts.query)))
                self._answer(200, json.dumps({"offers": offers}).encode(), "application/json")
            else:
                policy = {"content-security-policy": recorder.policy} if recorder.policy else {}
                self._answer(200, recorder.page(parts.path).encode(), "text/html", policy)

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status = recorder.take(urlsplit(self.path).path, self.headers, body)
            self._answer(
                status, b"{}", "application/json", {"retry-after": recorder.retry_after} if status == 429 else {}
            )

        def _answer(self, status, body, kind, more=None):
            self.send_response(status)
            about = {"content-type": kind, "content-length": str(len(body))}
            about["access-control-allow-origin"] = self.headers["origin"] or "*"
            about["access-control-allow-credentials"] = "true"
            about["access-control-expose-headers"] = "retry-after"
            for name, value in (about | (more or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


_SCRIPTS = {"ripen.js": SNIPPET, "offers.js": OFFERS_SCRIPT}


@pytest.fixture
def recorder():
    recorder = Recorder()
    # The endpoint is another origin than the site; it answers no preflight, so none may be needed.
    with _server(recorder) as recorder.origin, _server(recorder) as recorder.endpoint:
        yield recorder


@pytest.fixture
def context(browser):
    with browser.new_context() as context:
        context.set_default_timeout(10_000)
        yield context


@pytest.fixture
def page(context, recorder):
    page = context.new_page()
    page.clock.install()  # time passes as always, and can be moved forward
    page.goto(f"{recorder.origin}/first?utm_source=feed&utm_medium=paid-social&utm_campaign=spring")
    return page


@pytest.fixture
def taken():
    """Waits until every batch of a page was taken."""
    return lambda page: page.wait_for_function(
        "() => Object.keys(localStorage).every((key) => !key.startsWith('ripen:'))"
    )


@pytest.fixture
def refused():
    """A function that waits until a page with a stopped clock knows that its last request was refused."""
    return lambda page: page.wait_for_function(
        "() => Object.keys(localStorage).filter((key) => key.startsWith('ripen:'))"
        ".every((key) => JSON.parse(localStorage[key]).due !== Date.now() + 10000)"
    )


@pytest.fixture
def fence():
    """A function that waits until every earlier request of a page has arrived."""
    return lambda page: page.evaluate("fetch('/fence').then((answer) => answer.text())")


@pytest.fixture
def agreed(page, recorder, taken):
    """A page whose visitor has given consent; that event has arrived."""
    page.evaluate("ripen.consent(true)")
    recorder.events("Consent Given", beside=())
    taken(page)
    recorder.requests.clear()
    return page


@pytest.fixture
def still(agreed):
    """The same page, whose clock stands still: only `run_for` and `fast_forward` move it."""
    agreed.clock.pause_at(agreed.evaluate("Date.now()") / 1000 + 60)
    return agreed
