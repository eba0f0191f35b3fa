"""The browser snippet: delivery of events to the endpoint despite failures."""

import math
from email.utils import formatdate

import pytest
from playwright.sync_api import Error

WHENEVER_DUE = 31 * 60 * 1000
PAIR = ("Tool Used", "Asset Previewed")


def kept(page):
    """The ids of the events in each queued batch of the browser, oldest first."""
    return page.evaluate(
        """() => Object.keys(localStorage).filter((key) => key.startsWith('ripen:')).sort()
        .map((key) => JSON.parse(localStorage[key]).events.map((event) => event.messageId))"""
    )


def test_events_in_quick_succession_are_one_request(agreed, recorder):
    agreed.evaluate("ripen.page(); ripen.track('Tool Used'); ripen.identify({ company: 'Oakhurst' })")

    recorder.events("page", "Tool Used", "identify")
    assert len(recorder.batches) == 1


def test_a_request_has_at_most_20_events(agreed, recorder, taken):
    agreed.evaluate("for (let n = 0; n < 50; n += 1) ripen.track('Tool Used', { n })")
    taken(agreed)

    assert [event["properties"]["n"] for event in recorder.events(*["Tool Used"] * 50)] == [*range(50)]
    assert [len(batch) for batch in recorder.batches] == [20, 20, 10]


def test_a_request_has_at_most_64_kb(agreed, recorder, taken):
    agreed.evaluate("for (let n = 0; n < 8; n += 1) ripen.track('Tool Used', { text: 'ä'.repeat(9000) })")
    taken(agreed)

    assert len(recorder.events(*["Tool Used"] * 8)) == 8
    assert [len(batch) for batch in recorder.batches] == [3, 3, 2]
    assert all(int(headers["content-length"]) < 64_000 for _, headers, _ in recorder.requests)


@pytest.mark.parametrize("failure", [429, 503])
def test_a_failed_batch_is_repeated_unchanged(still, recorder, refused, failure):
    recorder.failures = [failure]
    still.evaluate("ripen.track('Tool Used'); ripen.track('Asset Previewed')")
    still.clock.run_for(50)
    recorder.sent(PAIR)
    refused(still)
    still.evaluate("ripen.track('Tool Used')")
    assert len(kept(still)) == 2
    still.clock.fast_forward(WHENEVER_DUE)

    first, second, third = recorder.sent(PAIR, PAIR, ("Tool Used",))
    assert first == second
    assert len(third) == 1
    times = [body["sentAt"] for _, _, body in recorder.requests]
    assert times == sorted(times)


def test_a_failed_batch_is_repeated_unchanged_after_a_reload_too(still, recorder, refused, taken):
    recorder.failures = [503]
    still.evaluate("ripen.track('Tool Used'); ripen.track('Asset Previewed')")
    still.clock.run_for(50)
    recorder.sent(PAIR)
    refused(still)
    still.reload()
    still.evaluate("ripen.track('Tool Used')")
    still.clock.fast_forward(WHENEVER_DUE)
    taken(still)

    batches = recorder.sent(PAIR, PAIR, ("Tool Used",))
    assert batches.count(batches[0]) == 2
    assert {len(batch) for batch in batches} == {1, 2}


@pytest.mark.parametrize("after", ["40", "a date"])
def test_a_busy_endpoint_gets_no_request_before_the_time_it_names(agreed, recorder, fence, after):
    recorder.failures = [429]
    answered = math.ceil(agreed.evaluate("Date.now()") / 1000) * 1000 + 60_000
    recorder.retry_after = after if after.isdigit() else formatdate(answered / 1000 + 40, usegmt=True)
    agreed.clock.pause_at(answered / 1000 - 0.1)
    agreed.evaluate("ripen.track('Tool Used')")
    agreed.clock.run_for(100)
    recorder.sent(("Tool Used",))
    agreed.wait_for_function(
        "Math.abs(JSON.parse(localStorage[Object.keys(localStorage).find((key) => key.startsWith('ripen:'))]).due"
        " - Date.now() - 40000) <= 100",
        polling=20,
    )
    agreed.clock.run_for(39_000)
    fence(agreed)
    assert len(recorder.requests) == 1

    agreed.clock.run_for(2_000)

    first, second = recorder.sent(("Tool Used",), ("Tool Used",))
    assert first == second


@pytest.mark.parametrize("refusal", [400, 401, 413])
def test_a_refused_batch_is_not_repeated(agreed, recorder, refusal, taken):
    recorder.failures = [refusal]
    agreed.evaluate("ripen.track('Tool Used')")
    recorder.sent(("Tool Used",))
    taken(agreed)


def test_no_request_is_made_while_the_network_is_down(agreed, recorder, context, taken):
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

    recorder.events("Tool Used", "Asset Previewed")
    taken(agreed)


def test_the_queue_is_bounded_and_drops_the_oldest_events(agreed, recorder, context, taken):
    context.set_offline(True)
    agreed.evaluate("for (let n = 0; n < 250; n += 1) ripen.track('Tool Used', { n })")
    assert sum(map(len, kept(agreed))) <= 200
    context.set_offline(False)
    taken(agreed)

    numbers = [event["properties"]["n"] for event in recorder.so_far()]
    assert numbers == [*range(250)][-len(numbers) :]
    assert len(numbers) > 150


def test_only_one_of_two_open_tabs_sends(agreed, recorder, context, fence, taken):
    other = context.new_page()
    other.goto(f"{recorder.origin}/next")
    context.set_offline(True)
    agreed.evaluate("for (let n = 0; n < 60; n += 1) ripen.track('Tool Used', { n })")
    context.set_offline(False)
    taken(agreed)
    other.clock.fast_forward(WHENEVER_DUE)
    fence(other)

    assert len(recorder.events(*["Tool Used"] * 60)) == 60
    assert len(recorder.batches) <= 6, "at worst each tab once, never for ever"


def test_events_of_a_crashed_tab_are_sent_by_a_later_page(agreed, recorder, context, taken):
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

    assert recorder.sent(("Tool Used",)) == [members]


def test_events_are_sent_without_storage(context, recorder):
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('forbidden'); } })"
    )
    page = context.new_page()
    page.goto(f"{recorder.origin}/first")
    page.evaluate("ripen.consent(true); ripen.track('Tool Used')")

    recorder.events("Tool Used")


def test_a_full_storage_does_not_stop_events(agreed, recorder):
    agreed.evaluate("""() => {
      let size = 1 << 22;
      while (size) try { localStorage.full = (localStorage.full || '') + 'x'.repeat(size); } catch { size >>= 1; }
      ripen.track('Tool Used');
    }""")

    recorder.events("Tool Used")
