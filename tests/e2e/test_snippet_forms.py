"""The browser snippet: forms that are explicit requests, sent without consent for analytics."""

import json

import pytest

PAGE = """<!doctype html><html lang="de"><title>Workshop</title>
<script src="/ripen.js"></script>
<script>ripen.load("site-key", {options}); ripen.page()</script>
<form action="/next" data-ripen-identify data-ripen-event="Signed Up" data-ripen-purpose="the agenda"
  data-ripen-prop-asset="workshop">
  <input name="email"><input name="firstName"><input name="company"><input name="file" type="file">
  <input name="secret" type="password" value="s"><input name="token" type="hidden" value="t"><button>Send</button>
</form>
<form id="plain" data-ripen-event="Signed Up"><input name="email" value="mara@oakhurst.example"></form>"""
SUBMIT = "ripen.submit(document.querySelector('form'))"


@pytest.fixture
def workshop(context, recorder):
    """A page with a form that tells its purpose, reached by an advertisement; the banner has no answer yet."""
    options = json.dumps({"host": recorder.endpoint, **recorder.options})
    recorder.pages["/workshop"] = PAGE.replace("{options}", options)
    page = context.new_page()
    page.clock.install()
    page.goto(f"{recorder.origin}/workshop?utm_source=feed")
    page.locator("[name=email]").first.fill("mara@oakhurst.example")
    page.locator("[name=firstName]").fill(" Mara ")
    return page


def left_behind(page):
    """The values of all cookies, and the number of entries in the browser's storage."""
    storage = page.evaluate("localStorage.length + sessionStorage.length")
    return [cookie["value"] for cookie in page.context.cookies()], storage


@pytest.mark.parametrize(("answer", "cookies"), [("ripen.consent(false)", ["no"]), ("", [])])
def test_a_form_with_a_purpose_is_sent_without_consent_and_without_visitor_data(
    workshop, recorder, fence, answer, cookies
):
    workshop.evaluate(answer)
    workshop.get_by_role("button", name="Send").click()
    workshop.wait_for_url("**/next?*")

    [event] = recorder.events("Signed Up", beside=())
    made = {event.pop(name) for name in ("messageId", "anonymousId", "originalTimestamp")}
    assert len(made) == 3
    assert event == {
        "type": "track",
        "event": "Signed Up",
        "properties": {"asset": "workshop"},
        "context": {
            "form": True,
            "request": {"purpose": "the agenda"},
            "traits": {"email": "mara@oakhurst.example", "firstName": "Mara"},
            "locale": "de",
        },
    }
    workshop.clock.fast_forward(31 * 60_000)
    fence(workshop)
    assert len(recorder.requests) == 1
    assert left_behind(workshop) == (cookies, 0)


def test_queued_events_and_an_explicit_request_have_separate_ids(workshop, recorder):
    workshop.evaluate("ripen.identify('user-1')")
    assert workshop.evaluate(SUBMIT) is True
    assert workshop.evaluate(SUBMIT) is True
    workshop.evaluate("ripen.consent(true)")

    first, second, page, identify, _ = recorder.events(
        "Signed Up", "Signed Up", "page", "identify", "Consent Given", beside=()
    )
    assert len({event["anonymousId"] for event in (first, second, page)}) == 3
    assert page["anonymousId"] == identify["anonymousId"]
    assert "userId" not in first
    assert identify["traits"] == {}


def test_with_consent_the_form_is_part_of_the_visit(workshop, recorder):
    workshop.evaluate("ripen.consent(true)")
    assert workshop.evaluate(SUBMIT) is True

    page, _, identify, track = recorder.events("page", "Consent Given", "identify", "Signed Up", beside=())
    assert page["anonymousId"] == identify["anonymousId"] == track["anonymousId"]
    assert identify["context"]["form"] is True
    assert (page["context"]["locale"], identify["context"]["locale"]) == ("en-US", "de"), "of the browser, of the form"
    assert "request" not in identify["context"] | track["context"]


def test_submit_returns_false_for_a_refused_or_lost_request(workshop, recorder):
    workshop.evaluate("ripen.consent(false)")
    recorder.failures = [400, 429]
    assert workshop.evaluate(SUBMIT) is False
    assert workshop.evaluate(SUBMIT) is False
    workshop.context.set_offline(True)
    assert workshop.evaluate(SUBMIT) is False
    assert left_behind(workshop) == (["no"], 0)


def test_a_form_without_a_purpose_requires_consent(workshop, recorder, fence):
    plain = "ripen.submit(document.getElementById('plain'))"
    workshop.evaluate("ripen.consent(false)")
    assert workshop.evaluate(plain) is False
    fence(workshop)
    assert recorder.requests == []

    workshop.evaluate("ripen.consent(true)")
    assert workshop.evaluate(plain) is True
    recorder.events("identify", "Signed Up")
