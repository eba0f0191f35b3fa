"""Unmodified SDKs of Segment's protocol against the local cloud, through an endpoint that first answers 429 and 503."""

import functools
import http.server
import json
import re
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
import segment.analytics

from e2e.npm import installed
from ripen.events.event import RIPEN
from ripen.storage.ledger import read_events
from ripen_cli.project import ROOT

SDK = Path(__file__).parent / "sdk"
SENDING = ROOT / "docs" / "how-to" / "send-events.md"
LOST = "stored, but the answer is lost"
PAGE = """<!doctype html><html lang="en"><title>Shop</title><script src="/segment/index.js"></script>
<script src="/rudder/index.js"></script>
<script type="importmap">{"imports": {
"@segment/analytics-next": "/segment/module.js", "@rudderstack/analytics-js/bundled": "/rudder/module.js"
}}</script>"""
MODULES = {
    "/segment/module.js": "export const { AnalyticsBrowser } = window.AnalyticsNext;",
    "/rudder/module.js": "export const { RudderAnalytics } = window.rudderanalytics;",
}


class Proxy(http.server.ThreadingHTTPServer):
    """Forwards to the tracking endpoint; the first POSTs are answered with `failures` instead."""

    daemon_threads = True

    def __init__(self, target, failures):
        super().__init__(("127.0.0.1", 0), Forward)
        self.target, self.failures, self.statuses = target, list(failures), []
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a browser that goes offline hangs up
            super().handle_error(request, client_address)


class Forward(http.server.BaseHTTPRequestHandler):
    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with self.server.lock:
            failure = self.server.failures.pop(0) if self.command == "POST" and self.server.failures else None
        if failure and failure != LOST:
            self.answer(failure, {"retry-after": "1", "access-control-allow-origin": "*"}, b"{}")
            return
        hop = ("connection", "content-length", "transfer-encoding")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in hop}
        if "gzip" in headers.get("Content-Encoding", ""):
            # The emulator takes a body for text when its type is JSON, packed or not; AWS hands over the bytes.
            headers["Content-Type"] = "application/octet-stream"
        request = urllib.request.Request(self.server.target + self.path, body or None, headers, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=30) as found:
                status = 503 if failure == LOST else found.status
                self.answer(status, dict(found.headers), found.read())
        except urllib.error.HTTPError as error:
            self.answer(error.code, dict(error.headers), error.read())

    do_GET = do_POST = do_OPTIONS = forward  # noqa: N815 - the names that http.server calls

    def answer(self, status, headers, body):
        if self.command == "POST":
            self.server.statuses.append(status)
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy(cloud):
    servers = []

    def start(*failures):
        servers.append(Proxy(cloud.track_url, failures))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def ledger(cloud):
    def read(*subjects):
        """Every stored event of these subjects; an event that is in the ledger twice is listed twice."""
        events = []
        for subject in subjects:
            answer = cloud.client("dynamodb").query(
                TableName=cloud.table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
                ExpressionAttributeValues={":pk": {"S": subject}, ":event": {"S": "E#"}},
            )
            for item in answer["Items"]:
                events += read_events([{name: next(iter(value.values())) for name, value in item.items()}])
        return [event for event in events if event.source != RIPEN]

    return read


@pytest.mark.parametrize("packed", [True, False])
def test_the_python_sdk_delivers_every_event(proxy, ledger, packed):
    endpoint = proxy(429, 503, LOST)
    user = f"python-{packed}"
    errors = []
    client = segment.analytics.Client(
        "a-secret-key",
        host=endpoint.url,
        gzip=packed,
        upload_size=10,
        on_error=lambda error, _batch: errors.append(error),
    )

    client.identify(user, {"email": "ada@example.com"})
    client.group(user, "group-1", {"plan": "trial"})
    client.page(user, "Shop", "Pricing", {"path": "/pricing"})
    client.screen(user, "App", "Start")
    for n in range(30):
        client.track(user, "Tool Used", {"n": n})
    client.shutdown()

    events = ledger(f"u:{user}")
    assert errors == []
    assert {429, 503} <= set(endpoint.statuses)
    assert Counter(event.name for event in events) == {
        "Identified": 1,
        "Group Joined": 1,
        "Page Viewed": 1,
        "Screen Viewed": 1,
        "Tool Used": 30,
    }
    assert len({event.id for event in events}) == len(events)


@pytest.fixture(scope="session")
def sdks():
    """A folder with the files of each browser SDK, fetched once."""
    packages = installed(SDK) / "node_modules"
    folders = {
        "segment": packages / "@segment" / "analytics-next" / "dist" / "umd",
        "rudder": packages / "@rudderstack" / "analytics-js" / "dist" / "npm" / "modern" / "bundled" / "umd",
    }
    for name, folder in folders.items():
        link = packages.parent / "served" / name
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(folder)
    return packages.parent / "served"


@pytest.fixture
def shop(sdks):
    """A website of another origin than the endpoint."""

    class Files(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            own = self.path in MODULES
            if self.path.endswith(".js") and not own:
                super().do_GET()
                return
            self.send_response(200)
            self.send_header("content-type", "text/javascript" if own else "text/html")
            self.end_headers()
            self.wfile.write(MODULES.get(self.path, PAGE).encode())

        def log_message(self, *_):
            pass

    handler = functools.partial(Files, directory=str(sdks))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("strategy", ["standard", "batching"])
def test_analytics_next_delivers_every_event_from_a_browser(browser, shop, proxy, ledger, wait_for, strategy):
    endpoint = proxy(429, 503, *([LOST] if strategy == "standard" else []))
    context = browser.new_context()
    page = context.new_page()
    failures = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(f"{shop}/pricing?utm_source=news&utm_medium=email&utm_campaign=autumn")

    page.evaluate(
        """async ({url, strategy}) => {
            const delivery = strategy === "batching" ? {strategy, config: {size: 3, timeout: 500}} : undefined;
            // Events go through the proxy; the settings name the tracking function itself.
            const own = {apiHost: url.split("://")[1] + "/v1", protocol: "http"};
            const [analytics] = await AnalyticsNext.AnalyticsBrowser.load(
                {writeKey: "website", cdnURL: url},
                {integrations: {"Segment.io": {...own, deliveryStrategy: delivery}}});
            window.sdk = analytics;
            window.anonymous = analytics.user().anonymousId();
            await analytics.addSourceMiddleware(({payload, next}) => {
                payload.obj.context.consent = {categoryPreferences: {analytics: true}};
                next(payload);
            });
            await analytics.page();
            await analytics.identify("user-1", {email: "ada@example.com"});
            await analytics.track("Tool Used", {tool: "calculator"});
            await analytics.group("group-1", {plan: "trial"});
            await analytics.alias("user-2", "user-1");
        }""",
        {"url": endpoint.url, "strategy": strategy},
    )
    subject = "a:" + page.evaluate("window.anonymous")

    def told(*names):
        found = {event.id: event.name for event in ledger(subject)}
        return not Counter(names) - Counter(found.values())

    calls = ("Page Viewed", "Identified", "Tool Used", "Group Joined", "Aliased")
    wait_for("every call", lambda: told(*calls))
    context.set_offline(True)
    page.evaluate("() => { window.sdk.track('Tool Used', {tool: 'offline'}) }")
    assert page.evaluate("navigator.onLine") is False
    context.set_offline(False)
    wait_for("the call that was made offline", lambda: told(*calls, "Tool Used"))
    context.close()

    events = ledger(subject)
    assert failures == []
    assert {429, 503} <= set(endpoint.statuses)
    assert Counter(event.name for event in events) == {
        "Page Viewed": 1,
        "Identified": 1,
        "Tool Used": 2,
        "Group Joined": 1,
        "Aliased": 1,
    }
    [view] = [event for event in events if event.name == "Page Viewed"]
    assert view.properties["path"] == "/pricing"
    assert view.context["campaign"] == {"source": "news", "medium": "email", "name": "autumn"}
    assert json.dumps(view.as_json())


def test_rudderstack_delivers_every_event_from_a_browser(browser, shop, proxy, ledger, wait_for):
    endpoint = proxy(429, 503)
    context = browser.new_context()
    page = context.new_page()
    failures, elsewhere = [], []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("request", lambda request: request.url.startswith((shop, endpoint.url)) or elsewhere.append(request.url))
    page.goto(f"{shop}/pricing?utm_source=news&utm_medium=email&utm_campaign=autumn")

    page.evaluate(
        """async url => {
            const sdk = new rudderanalytics.RudderAnalytics();
            window.sdk = sdk;
            sdk.load("website", url, {configUrl: url});
            await new Promise(ready => sdk.ready(ready));
            const options = {context: {consent: {categoryPreferences: {analytics: true}}}};
            sdk.page("", "", {}, options);
            sdk.identify("user-1", {email: "ada@example.com"}, options);
            sdk.track("Tool Used", {tool: "calculator"}, options);
            sdk.group("group-1", {plan: "trial"}, options);
        }""",
        endpoint.url,
    )
    subject = "a:" + page.evaluate("window.sdk.getAnonymousId()")
    expected = {"Page Viewed": 1, "Identified": 1, "Tool Used": 1, "Group Joined": 1}
    wait_for("every call", lambda: Counter(event.name for event in ledger(subject)) == expected)
    context.close()

    assert (failures, elsewhere) == ([], [])
    assert {429, 503} <= set(endpoint.statuses)
    [view] = [event for event in ledger(subject) if event.name == "Page Viewed"]
    assert view.properties["path"] == "/pricing"
    assert view.context["campaign"] == {"source": "news", "medium": "email", "name": "autumn"}


# ---------------------------------------------------------------- as the page about sending events says


def example(language, about):
    """The one example of the page in a language that is about something."""
    fences = re.findall(rf"^```{language}\n(.*?)^```", SENDING.read_text(), re.MULTILINE | re.DOTALL)
    [found] = [body for body in fences if about in body]
    return found


def test_the_example_for_a_server_delivers_its_event(cloud, ledger):
    host = cloud.track_url.rstrip("/")
    code = example("python", "segment.analytics").replace("https://<id>.lambda-url.<region>.on.aws", host)
    exec(code.replace("<key of your server>", "a-secret-key"), {})  # noqa: S102 - our own text

    assert [(event.name, event.properties) for event in ledger("u:user-7")] == [("Order Completed", {"total": 480})]


@pytest.mark.parametrize(
    ("sdk", "calls"),
    [("@segment/analytics-next", ("**/v1/p", "**/v1/t")), ("@rudderstack/analytics-js", ("**/v1/page", "**/v1/track"))],
)
def test_the_examples_for_a_browser_deliver_their_events(browser, shop, cloud, ledger, sdk, calls):
    sent = []

    def forward(route):
        """Forwards a request for any function URL to the local cloud."""
        path = route.request.url.partition(".on.aws")[2]
        route.fulfill(response=route.fetch(url=cloud.track_url.rstrip("/") + path))

    with browser.new_context() as context:
        context.route(re.compile(r"^https://[^/]*\.on\.aws/"), forward)
        page = context.new_page()
        page.on("request", lambda request: sent.append(request.post_data_json) if request.method == "POST" else None)
        page.goto(f"{shop}/pricing")
        code = example("js", sdk).replace("<id>.lambda-url.<region>", "any.lambda-url.eu-central-1")
        with page.expect_response(calls[0]), page.expect_response(calls[1]):
            page.add_script_tag(content=code, type="module")
        [visitor] = {call["anonymousId"] for call in sent}

    assert sorted(event.name for event in ledger(f"a:{visitor}")) == ["Asset Previewed", "Page Viewed"]
    assert all(call["context"]["consent"] == {"categoryPreferences": {"analytics": True}} for call in sent)
