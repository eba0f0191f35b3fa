"""The browser snippet: consent, who the visitor is, and how events get to the endpoint."""

import gzip
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Error

from ripen_cli.project import ROOT

BUILT = ROOT / "functions" / "track" / "ripen.min.js"
WHENEVER_DUE = 31 * 60 * 1000
PARSE = """
const { parse } = require('internal/deps/acorn/acorn/dist/acorn');
parse(require('fs').readFileSync(process.argv[1], 'utf8'), { ecmaVersion: Number(process.argv[2]) });
"""


def cookies(page):
    return page.context.cookies()


def kept(page):
    """What waits in the browser to be taken: the members of each batch, the oldest first."""
    return page.evaluate(
        """() => Object.keys(localStorage).filter((key) => key.startsWith('ripen:')).sort()
        .map((key) => JSON.parse(localStorage[key]).events.map((event) => event.messageId))"""
    )


def stored(page):
    return page.evaluate("localStorage.length + sessionStorage.length")


# ---------------------------------------------------------------- consent


def test_before_consent_nothing_is_sent_and_nothing_stored(page, recorder, fence):
    page.evaluate("ripen.page(); ripen.track('Tool Used'); ripen.identify('user-1')")
    page.clock.fast_forward(1000)
    fence(page)

    assert recorder.requests == []
    assert cookies(page) == []
    assert stored(page) == 0
    assert page.evaluate("ripen.consent()") is None


def test_consent_sends_what_waited_with_all_its_context(page, recorder):
    page.evaluate("ripen.page('Landing', { variant: 'a' })")
    page.evaluate("ripen.consent(true)")

    event, given = recorder.events(2, beside=())
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


def test_a_yes_is_told_once(page, recorder, taken):
    page.evaluate("ripen.consent(true)")
    recorder.events(1, beside=())
    taken(page)
    page.goto(f"{recorder.origin}/next")
    page.evaluate("ripen.consent(true); ripen.track('Tool Used')")

    assert [event["event"] for event in recorder.events(2, beside=())] == ["Consent Given", "Tool Used"]


def test_denial_drops_what_waited_and_what_follows(page, recorder, fence):
    page.evaluate("ripen.page(); ripen.consent(false); ripen.track('Tool Used')")
    page.goto(f"{recorder.origin}/next")
    page.evaluate("ripen.page()")
    page.clock.fast_forward(1000)
    fence(page)

    assert recorder.requests == []
    assert [cookie["value"] for cookie in cookies(page)] == ["no"]
    assert stored(page) == 0
    assert page.evaluate("ripen.consent()") is False


def test_consent_withdrawn_is_the_last_word(agreed, recorder, fence):
    recorder.failures = [503]
    agreed.evaluate("ripen.identify('user-1'); ripen.page()")
    recorder.events(2)
    agreed.evaluate("ripen.track('Tool Used'); ripen.consent(false); ripen.track('Tool Used')")
    agreed.clock.fast_forward(WHENEVER_DUE)
    agreed.goto(f"{recorder.origin}/next")
    fence(agreed)

    *_, last = recorder.events(3, beside=())
    assert last["event"] == "Consent Withdrawn"
    assert last["anonymousId"] == recorder.batches[0][0]["anonymousId"]
    assert last["context"]["consent"] == {"categoryPreferences": {"analytics": False}}
    assert recorder.requests[-1][1]["sec-fetch-mode"] == "no-cors", "by beacon"
    assert [cookie["value"] for cookie in cookies(agreed)] == ["no"]
    assert stored(agreed) == 0


def test_a_no_in_another_tab_counts_here_too(agreed, recorder, context, fence):
    other = context.new_page()
    other.goto(f"{recorder.origin}/next")
    agreed.evaluate("ripen.track('Tool Used')")
    other.evaluate("ripen.consent(false)")
    agreed.clock.fast_forward(1000)
    agreed.evaluate("ripen.track('Tool Used')")
    fence(agreed)

    assert {event["event"] for event in recorder.events()} <= {"Tool Used", "Consent Withdrawn"}
    assert len(recorder.batches) <= 2
    assert agreed.evaluate("ripen.consent()") is False
    assert stored(agreed) == 0


def test_global_privacy_control_is_a_no_until_the_visitor_says_otherwise(context, recorder, fence):
    context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    page = context.new_page()
    page.goto(f"{recorder.origin}/first")
    page.evaluate("ripen.track('Tool Used')")
    fence(page)
    assert page.evaluate("ripen.consent()") is False
    assert cookies(page) == []

    page.evaluate("ripen.consent(true); ripen.track('Asset Previewed')")
    page.goto(f"{recorder.origin}/next")

    assert page.evaluate("ripen.consent()") is True
    assert [event["event"] for event in recorder.events(1)] == ["Asset Previewed"]


def test_a_page_that_is_only_prerendered_tells_nothing(agreed, recorder, fence):
    agreed.context.add_init_script("Object.defineProperty(document, 'prerendering', { value: true, writable: true })")
    agreed.goto(f"{recorder.origin}/next")
    agreed.evaluate("ripen.page()")
    agreed.clock.fast_forward(1000)
    fence(agreed)
    assert recorder.requests == []

    agreed.evaluate("document.prerendering = false; document.dispatchEvent(new Event('prerenderingchange'))")

    assert [event["type"] for event in recorder.events(1)] == ["page"]


# ---------------------------------------------------------------- who the visitor is


def test_a_visitor_keeps_the_cookie_over_pages_until_reset(agreed, recorder):
    page = agreed
    page.evaluate("ripen.identify(7); ripen.page()")
    [cookie] = cookies(page)
    recorder.events(2)
    page.goto(f"{recorder.origin}/next")
    page.evaluate("ripen.page()")
    recorder.events(3)
    page.evaluate("ripen.reset(); ripen.page()")

    events = recorder.events(4)
    first, second, third = (event["anonymousId"] for event in events[1:])
    assert first == second != third
    assert [event.get("userId") for event in events] == ["7", "7", "7", None]
    assert cookie["sameSite"] == "Lax"
    assert cookie["path"] == "/"
    assert 364 < (cookie["expires"] - page.evaluate("Date.now() / 1000")) / 86_400 <= 365


@pytest.mark.parametrize(
    ("domain", "shared"), [(None, ".site.localhost"), ("shop.site.localhost", ".shop.site.localhost")]
)
def test_the_cookie_is_that_of_the_whole_site(context, recorder, domain, shared):
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


# ---------------------------------------------------------------- how events get to the endpoint


def test_events_of_a_short_time_are_one_request(agreed, recorder):
    agreed.evaluate("ripen.page(); ripen.track('Tool Used'); ripen.identify({ company: 'Oakhurst' })")

    assert [event["type"] for event in recorder.events(3)] == ["page", "track", "identify"]
    assert len(recorder.batches) == 1


def test_a_request_has_at_most_20_events(agreed, recorder, taken):
    agreed.evaluate("for (let n = 0; n < 50; n += 1) ripen.track('Tool Used', { n })")
    taken(agreed)

    assert [event["properties"]["n"] for event in recorder.events(50)] == [*range(50)]
    assert [len(batch) for batch in recorder.batches] == [20, 20, 10]


def test_a_request_has_at_most_64_kb(agreed, recorder, taken):
    agreed.evaluate("for (let n = 0; n < 8; n += 1) ripen.track('Tool Used', { text: 'ä'.repeat(9000) })")
    taken(agreed)

    assert len(recorder.events(8)) == 8
    assert [len(batch) for batch in recorder.batches] == [3, 3, 2]
    assert all(int(headers["content-length"]) < 64_000 for _, headers, _ in recorder.requests)


@pytest.mark.parametrize("failure", [429, 503])
def test_what_failed_is_repeated_as_the_very_same_batch(agreed, recorder, failure):
    recorder.failures = [failure]
    agreed.evaluate("ripen.track('Tool Used'); ripen.track('Asset Previewed')")
    recorder.events(2)
    agreed.evaluate("ripen.track('Tool Used')")
    agreed.wait_for_function("Object.keys(localStorage).filter((key) => key.startsWith('ripen:')).length === 2")
    agreed.clock.fast_forward(WHENEVER_DUE)

    first, second, third = sorted(recorder.sent(3), key=len, reverse=True)
    assert first == second
    assert len(third) == 1
    times = [body["sentAt"] for _, _, body in recorder.requests]
    assert times == sorted(times)


def test_what_failed_is_the_very_same_batch_after_a_reload_too(agreed, recorder, taken):
    recorder.failures = [503]
    agreed.evaluate("ripen.track('Tool Used'); ripen.track('Asset Previewed')")
    recorder.events(2)
    agreed.reload()
    agreed.evaluate("ripen.track('Tool Used')")
    agreed.clock.fast_forward(WHENEVER_DUE)
    taken(agreed)

    batches = recorder.sent(3)
    assert batches.count(batches[0]) == 2
    assert {len(batch) for batch in batches} == {1, 2}


def test_a_busy_endpoint_is_left_alone_for_as_long_as_it_says(agreed, recorder, fence):
    recorder.failures = [429]
    agreed.clock.pause_at(agreed.evaluate("Date.now() + 1000"))
    agreed.evaluate("ripen.track('Tool Used')")
    agreed.clock.run_for(100)
    recorder.sent(1)
    agreed.wait_for_function(
        "JSON.parse(localStorage[Object.keys(localStorage).find((key) => key.startsWith('ripen:'))]).due"
        " - Date.now() === 40000",
        polling=20,
    )
    agreed.clock.run_for(39_000)
    fence(agreed)
    assert len(recorder.requests) == 1

    agreed.clock.run_for(2_000)

    first, second = recorder.sent(2)
    assert first == second


@pytest.mark.parametrize("refusal", [400, 401, 413])
def test_a_refused_batch_is_not_repeated(agreed, recorder, refusal, taken):
    recorder.failures = [refusal]
    agreed.evaluate("ripen.track('Tool Used')")
    recorder.sent(1)
    taken(agreed)


def test_without_a_network_nothing_is_tried_until_it_is_back(agreed, recorder, context, taken):
    tried = []
    agreed.on("request", lambda request: tried.append(request.url))
    context.set_offline(True)
    agreed.evaluate("ripen.track('Tool Used')")
    agreed.clock.fast_forward(WHENEVER_DUE)
    agreed.evaluate("ripen.track('Asset Previewed')")
    agreed.clock.fast_forward(WHENEVER_DUE)
    agreed.wait_for_function("Object.keys(localStorage).filter((key) => key.startsWith('ripen:')).length === 2")
    assert tried == []

    context.set_offline(False)

    assert [event["event"] for event in recorder.events(2)] == ["Tool Used", "Asset Previewed"]
    taken(agreed)


def test_the_queue_is_bounded_and_the_oldest_go(agreed, recorder, context, taken):
    context.set_offline(True)
    agreed.evaluate("for (let n = 0; n < 250; n += 1) ripen.track('Tool Used', { n })")
    assert sum(map(len, kept(agreed))) <= 200
    context.set_offline(False)
    taken(agreed)

    numbers = [event["properties"]["n"] for event in recorder.events()]
    assert numbers == [*range(250)][-len(numbers) :]
    assert len(numbers) > 150


def test_of_two_open_tabs_one_sends(agreed, recorder, context, fence, taken):
    other = context.new_page()
    other.goto(f"{recorder.origin}/next")
    context.set_offline(True)
    agreed.evaluate("for (let n = 0; n < 60; n += 1) ripen.track('Tool Used', { n })")
    context.set_offline(False)
    taken(agreed)
    other.clock.fast_forward(WHENEVER_DUE)
    fence(other)

    assert len(recorder.events(60)) == 60
    assert len(recorder.batches) <= 6, "at worst each tab once, never for ever"


def test_events_of_a_tab_that_died_are_sent_by_a_later_page(agreed, recorder, context, taken):
    recorder.options["delay"] = 60_000
    agreed.reload()
    agreed.evaluate("ripen.track('Tool Used')")
    [members] = kept(agreed)
    with pytest.raises(Error, match="crash"):
        agreed.goto("chrome://crash")
    agreed.close()

    later = context.new_page()
    later.goto(f"{recorder.origin}/next")
    later.clock.fast_forward(WHENEVER_DUE)
    taken(later)

    assert recorder.sent(1) == [members]


def test_without_storage_events_are_sent_all_the_same(context, recorder):
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('forbidden'); } })"
    )
    page = context.new_page()
    page.goto(f"{recorder.origin}/first")
    page.evaluate("ripen.consent(true); ripen.track('Tool Used')")

    assert [event["event"] for event in recorder.events(1)] == ["Tool Used"]


def test_a_full_storage_does_not_stop_events(agreed, recorder):
    agreed.evaluate("""() => {
      let size = 1 << 22;
      while (size) try { localStorage.full = (localStorage.full || '') + 'x'.repeat(size); } catch { size >>= 1; }
      ripen.track('Tool Used');
    }""")

    assert [event["event"] for event in recorder.events(1)] == ["Tool Used"]


# ---------------------------------------------------------------- how the script gets to the page


def test_calls_made_before_the_script_arrives_are_made_up_for(context, recorder):
    recorder.pages["/early"] = f"""<!doctype html><title>Early</title>
      <script>
        window.ripen = window.ripen || [];
        ripen.push(['load', 'site-key', {{ page: true }}], ['consent', true], ['track', 'Tool Used', {{ n: 1 }}]);
      </script>
      <script async src="{recorder.endpoint}/v1/ripen.js"></script><script src="/ripen.js" defer></script>"""
    page = context.new_page()
    page.goto(f"{recorder.origin}/early")
    page.evaluate("ripen.push(['track', 'Tool Used', { n: 2 }])")

    events = recorder.events(3)
    assert [event["type"] for event in events] == ["page", "track", "track"]
    assert [event["properties"] for event in events[1:]] == [{"n": 1}, {"n": 2}]


def test_the_example_in_the_readme_works(context, recorder):
    [example] = re.findall(r"^```html\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    recorder.pages["/example"] = example.replace("https://<id>.lambda-url.<region>.on.aws", recorder.endpoint)
    page = context.new_page()
    page.goto(f"{recorder.origin}/example")
    page.evaluate("ripen.push(['consent', true])")

    assert [event["type"] for event in recorder.events(1)] == ["page"]


def test_the_deployed_function_serves_it(cloud):
    with urllib.request.urlopen(f"{cloud.track_url.rstrip('/')}/v1/ripen.js") as answer:
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.read() == BUILT.read_bytes()


def test_it_is_small():
    assert len(gzip.compress(BUILT.read_bytes(), 9)) <= 4096


def test_what_is_served_was_built_from_the_source(tmp_path):
    subprocess.run([sys.executable, ROOT / "web" / "build.py", tmp_path / "built.js"], check=True)

    assert (tmp_path / "built.js").read_bytes() == BUILT.read_bytes(), "make snippet"


@pytest.mark.parametrize("script", [BUILT, ROOT / "web" / "ripen.js"], ids=lambda path: path.name)
def test_browsers_of_five_years_ago_can_read_it(script):
    node = Path(sys.executable).with_name("node")  # it has a parser that can be told the year
    command = [node, "--expose-internals", "--no-warnings", "-e", PARSE, script, "2020"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    newer = ["-e", PARSE.replace("readFileSync(process.argv[1], 'utf8')", "constants && 'a ||= 1'"), script, "2020"]
    assert subprocess.run([*command[:3], *newer], capture_output=True, check=False).returncode == 1
