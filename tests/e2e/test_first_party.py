"""Two subdomains of one site: pages on www, and the edge on go, which sets the visitor's cookie."""

import json
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from ripen_cli.local_edge import SITE

DAY = 86_400
PAGE = """<!doctype html><title>A page</title><script src="{host}/v1/ripen.js"></script>
<script>ripen.load("website", {{ host: "{host}", delay: 20, page: true }})</script>"""
TELL = """(() => {
  const { get, set } = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
  Object.defineProperty(document, 'cookie', {
    get,
    set(text) {
      set.call(this, text);
      scriptWrote(text.split('=')[0]);
    },
  });
})()"""


class Safari:
    """A browser that keeps what a script wrote for seven days of a clock of its own, and other cookies as they say.

    `written` is who wrote each cookie last, `script` or `server`, and on which day.
    """

    def __init__(self, context, url):
        self.context, self.url = context, url
        self.today = 0
        self.written = {}
        context.expose_function("scriptWrote", lambda name: self._note(name, "script"))
        context.add_init_script(TELL)
        self.page = context.new_page()
        self.page.set_default_timeout(60_000)  # a busy machine is slow, and nothing is wrong
        network = context.new_cdp_session(self.page)
        network.on("Network.responseReceivedExtraInfo", self._read)
        network.send("Network.enable")

    def _note(self, name, writer):
        self.written[name] = (writer, self.today)

    def _read(self, answer):
        told = {name.lower(): value for name, value in answer["headers"].items()}
        if "set-cookie" in told and not answer["blockedCookies"]:
            self._note(told["set-cookie"].split("=")[0], "server")

    def visit(self):
        """Open the page and wait until what it told was taken."""
        self.page.goto(self.url)
        self.wait()

    def wait(self):
        self.page.wait_for_function("() => Object.keys(localStorage).every((key) => !key.startsWith('ripen:'))")

    def consent(self, answer):
        self.page.evaluate("(answer) => ripen.consent(answer)", answer)
        self.wait()

    @property
    def cookie(self):
        """The visitor's cookie; None if there is none."""
        return next((one for one in self.context.cookies() if one["name"] == "ripen"), None)

    def pass_days(self, days):
        """Let days pass: a script's cookies and storage go after seven, a server's when they say so."""
        self.today += days
        for name, (writer, day) in [*self.written.items()]:
            cookie = next((one for one in self.context.cookies() if one["name"] == name), None)
            age = self.today - day
            lasts = cookie and (cookie["expires"] - self.page.evaluate("Date.now() / 1000")) / DAY
            if cookie and age > (7 if writer == "script" else lasts):
                self.context.clear_cookies(name=name)
        if days > 7:
            self.page.evaluate("localStorage.clear()")


@pytest.fixture
def browse(context, recorder):
    """A function that opens a browser on a host of this machine, on a page that tells an endpoint."""

    def start(endpoint, host=f"www.{SITE}"):
        recorder.pages["/"] = PAGE.format(host=endpoint)
        return Safari(context, f"http://{host}:{urlsplit(recorder.origin).port}/")

    return start


def told_by(cloud, visitor):
    """How many items of events the ledger has of a visitor."""
    names = {":pk": {"S": f"a:{visitor}"}, ":events": {"S": "E#"}}
    condition = "pk = :pk AND begins_with(sk, :events)"
    found = cloud.client("dynamodb").query(
        TableName=cloud.table, KeyConditionExpression=condition, ExpressionAttributeValues=names, ConsistentRead=True
    )
    return found["Count"]


def id_in(cookie):
    return cookie["value"].split(".")[1]


def test_a_lead_who_comes_back_after_a_fortnight_is_the_same_lead(cloud, browse):
    safari = browse(cloud.edge_url)
    safari.visit()
    safari.consent(True)
    before = safari.cookie
    told = told_by(cloud, id_in(before))

    assert safari.written["ripen"] == ("server", 0)
    assert before["domain"] == f".{SITE}"
    assert (before["secure"], before["sameSite"], before["httpOnly"]) == (True, "Lax", False)

    safari.pass_days(14)
    safari.visit()

    assert safari.cookie == before
    assert safari.page.evaluate("ripen.consent()") is True
    assert told_by(cloud, id_in(before)) > told > 0


def test_without_the_edge_the_same_lead_would_be_two(cloud, browse):
    safari = browse(cloud.track_url)
    safari.visit()
    safari.consent(True)
    first = safari.cookie

    assert safari.written["ripen"] == ("script", 0)

    safari.pass_days(14)
    safari.visit()

    assert safari.cookie is None
    assert safari.page.evaluate("ripen.consent()") is None, "the visitor is asked again"
    safari.consent(True)
    assert id_in(safari.cookie) != id_in(first)
    assert told_by(cloud, id_in(first)) > 0
    assert told_by(cloud, id_in(safari.cookie)) > 0


def test_a_withdrawal_takes_the_id_out_of_the_cookie(cloud, browse, wait_for):
    safari = browse(cloud.edge_url)
    safari.visit()
    safari.consent(True)
    visitor = id_in(safari.cookie)

    safari.consent(False)
    wait_for(
        "the endpoint has heard of it",
        lambda: safari.cookie["expires"] > safari.page.evaluate("Date.now() / 1000 + 390 * 86400"),
    )

    assert safari.cookie["value"] == "no"
    assert len([one for one in safari.context.cookies() if one["name"] == "ripen"]) == 1
    told = told_by(cloud, visitor)
    safari.visit()
    assert safari.page.evaluate("ripen.consent()") is False
    assert told_by(cloud, visitor) == told


def test_pages_of_another_site_get_no_cookie_of_this_one(cloud, browse):
    safari = browse(cloud.edge_url, "www.another.localhost")
    safari.visit()
    safari.consent(True)

    assert [(one["name"], one["domain"]) for one in safari.context.cookies()] == [("ripen", ".another.localhost")]
    assert safari.written["ripen"] == ("script", 0)
    assert told_by(cloud, id_in(safari.cookie)) > 0


def test_past_the_edge_events_are_refused_and_pages_of_mails_answer(cloud):
    def status(path, body=None):
        try:
            with urllib.request.urlopen(cloud.function_url + path, body) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    event = {"writeKey": "website", "event": "Forged", "anonymousId": "x"}
    assert status("/v1/track", json.dumps(event).encode()) == 403
    assert status("/v1/unsubscribe?t=x") == 400
    assert status("/v1/ripen.js") == 200
