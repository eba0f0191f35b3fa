"""Offers in a browser: keyboard, focus, dismissal, strict policies and layout shifts."""

import re

import pytest
from playwright.sync_api import expect

WORKSHOP = {
    "name": "workshop",
    "placement": "overlay",
    "slot": None,
    "language": "en",
    "title": "Half a day for your own cases",
    "text": "Bring ten. Go home with a plan.",
    "button": "Keep a seat",
    "link": "/workshop",
    "image": "",
    "dismissDays": 14,
}
NEWS = WORKSHOP | {"name": "news", "placement": "popup", "title": "What is new", "button": "Read", "link": "/news"}
BANNER = WORKSHOP | {"name": "banner", "placement": "slot", "slot": "home", "title": "For small workshops"}
SITE = """<!doctype html><html lang="{language}"><title>A site</title>
<script src="{endpoint}/v1/ripen.js"></script>
<script src="/start.js" data-host="{endpoint}"></script>
<script async src="{endpoint}/v1/offers.js" data-write-key="site-key" {more}></script>
<a id="first" href="/other">Elsewhere</a><input id="field" aria-label="Field"><h1>A page</h1>
<div id="place" data-ripen-slot="home" {place}></div><p id="below">Below</p></html>"""
START = "ripen.load('site-key', { host: document.currentScript.dataset.host, delay: 50 }); ripen.page();"
BESIDE = ("Consent Given", "Page Left", "page")
ANSWERS = """
window.answers = 0;
window.Response.prototype.json = ((json) => function () {
  const read = json.call(this);
  read.finally(() => { window.answers += 1; });
  return read;
})(Response.prototype.json);
"""
SOON = 20_000
DAYS = 24 * 60 * 60 * 1000


@pytest.fixture
def visit(context, recorder):
    """Opens a page of the site; `agreed` is the answer in its cookie banner, None is no answer yet.

    The clock of a page that is `still` is moved by the test alone.
    """

    context.add_init_script(ANSWERS)

    def go(path="/first", agreed=True, *, language="en", more="", place="", page=None, still=False):
        for name in ("/first", "/second", "/workshop"):
            recorder.pages[name] = SITE.format(endpoint=recorder.endpoint, language=language, more=more, place=place)
        recorder.pages["/start.js"] = START
        page = page or context.new_page()
        if agreed is not None and not context.cookies():
            context.add_cookies([{"name": "ripen", "value": YES if agreed else "no", "url": recorder.origin}])
        page.clock.install()
        if still:
            page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)
        page.goto(recorder.origin + path)
        return page

    return go


VISITOR = "3f2b8c1e-0000-4000-8000-000000000001"
YES = f"yes.{VISITOR}"


in_both = pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)


def overlay(page):
    return page.get_by_role("dialog", name=WORKSHOP["title"])


def popup(page):
    return page.get_by_role("region", name=NEWS["title"])


def focused(page):
    return page.evaluate(
        "(() => { const top = document.activeElement;"
        "const inner = (top.shadowRoot || {}).activeElement || top; return inner.id || inner.textContent })()"
    )


def reports(recorder, *names):
    """The reported events with their properties, as soon as events of these names have arrived."""
    return [(event["event"], event["properties"]) for event in recorder.events(*names, beside=BESIDE)]


def answered(page, count=1):
    """Waits until a page has dealt with the answers to so many questions."""
    page.wait_for_function("(count) => window.answers >= count", arg=count)


def about(offer):
    return {"promotion_id": offer["name"], "creative": offer["placement"]}


def test_an_overlay_is_shown_and_reported(visit, recorder):
    recorder.offers = [WORKSHOP]
    page = visit(language="de-AT", still=True)

    expect(overlay(page)).to_be_visible()
    expect(overlay(page)).to_have_accessible_description(WORKSHOP["text"])
    page.clock.run_for(100)
    assert reports(recorder, "Promotion Viewed") == [("Promotion Viewed", about(WORKSHOP))]
    assert recorder.asked == [{"writeKey": "site-key", "anonymousId": VISITOR, "language": "de-AT", "path": "/first"}]


@in_both
def test_keyboard_focus_stays_inside_an_overlay_and_returns_afterwards(visit, recorder, taken):
    page = visit()
    page.focus("#first")
    recorder.questions("/first")
    recorder.offers = [WORKSHOP]
    page.evaluate("ripen.track('Tool Used')")
    recorder.events("Tool Used", beside=BESIDE)
    taken(page)
    page.clock.fast_forward(SOON)
    expect(overlay(page)).to_be_visible()

    assert focused(page) == "title"
    seen = []
    for _ in range(4):
        page.keyboard.press("Tab")
        seen.append(focused(page))
    assert {"Keep a seat", "Not now"} <= set(seen)
    assert not {"first", "field"} & set(seen)
    page.keyboard.press("Escape")

    expect(overlay(page)).to_be_hidden()
    assert focused(page) == "first"
    reported = reports(recorder, "Tool Used", "Promotion Viewed", "Promotion Dismissed")
    assert reported[1:] == [("Promotion Viewed", about(WORKSHOP)), ("Promotion Dismissed", about(WORKSHOP))]


def test_pressing_enter_as_an_overlay_appears_follows_no_link(visit, recorder):
    recorder.offers = [WORKSHOP]
    page = visit()
    expect(overlay(page)).to_be_visible()

    page.keyboard.press("Enter")

    expect(overlay(page)).to_be_visible()
    assert page.url.endswith("/first")


def test_an_overlay_waits_while_the_visitor_is_typing(visit, recorder, taken):
    page = visit()
    page.fill("#field", "Half a sent")
    recorder.questions("/first")
    recorder.offers = [WORKSHOP]
    page.evaluate("ripen.track('Tool Used')")
    recorder.events("Tool Used", beside=BESIDE)
    taken(page)
    page.clock.fast_forward(SOON)
    answered(page, 2)
    page.keyboard.type("ence")
    expect(overlay(page)).to_be_hidden()

    page.keyboard.press("Tab")
    page.clock.fast_forward(SOON)

    expect(overlay(page)).to_be_visible()
    assert page.input_value("#field") == "Half a sentence"


@pytest.mark.parametrize(("days", "shown"), [(13, False), (15, True)])
def test_a_closed_offer_stays_closed_for_its_days(visit, recorder, days, shown):
    recorder.offers = [WORKSHOP]
    page = visit()
    overlay(page).get_by_role("button", name="Not now").click()
    expect(overlay(page)).to_be_hidden()
    reported = reports(recorder, "Promotion Viewed", "Promotion Dismissed")
    assert reported[1] == ("Promotion Dismissed", about(WORKSHOP))
    assert "workshop" in page.evaluate("localStorage['ripen-offers']")

    page.clock.fast_forward(days * DAYS)
    page.goto(f"{recorder.origin}/second")
    recorder.questions("/second")
    answered(page)

    expect(overlay(page)).to_be_visible() if shown else expect(overlay(page)).to_be_hidden()


@in_both
def test_no_id_is_sent_and_no_data_outlives_the_visit_without_consent(visit, recorder):
    recorder.offers = [WORKSHOP]
    page = visit(agreed=False)
    overlay(page).get_by_role("button", name="Not now").click()
    page.goto(f"{recorder.origin}/second")
    recorder.questions("/second")
    answered(page)

    expect(overlay(page)).to_be_hidden()
    assert all("anonymousId" not in asked for asked in recorder.asked)
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("sessionStorage.length") == 1
    assert recorder.requests == []


def test_no_overlay_covers_an_unanswered_cookie_banner(visit, recorder):
    recorder.offers = [WORKSHOP, BANNER]
    page = visit(agreed=None, place='style="min-height: 300px"')
    expect(page.get_by_role("region", name=BANNER["title"])).to_be_visible()
    expect(overlay(page)).to_be_hidden()

    page.evaluate("ripen.consent(false)")

    expect(overlay(page)).to_be_visible()


def test_no_offers_are_requested_before_consent_where_the_site_requires_it(visit, recorder, fence):
    recorder.offers = [WORKSHOP]
    page = visit(agreed=None, more='data-consent="required"')
    page.evaluate("ripen.page()")
    page.clock.fast_forward(SOON)
    fence(page)
    assert recorder.asked == []

    page.evaluate("ripen.consent(true)")
    page.clock.fast_forward(1)

    expect(overlay(page)).to_be_visible()
    assert recorder.asked[0]["anonymousId"]


def test_denied_consent_deletes_the_list_of_closed_offers(visit, recorder):
    recorder.offers = [WORKSHOP]
    page = visit()
    overlay(page).get_by_role("button", name="Not now").click()

    page.evaluate("ripen.consent(false)")

    assert page.evaluate("localStorage.length") == 0


def test_a_click_is_reported_and_follows_the_link(visit, recorder):
    recorder.offers = [WORKSHOP]
    page = visit()
    reports(recorder, "Promotion Viewed")
    overlay(page).get_by_role("link", name="Keep a seat").click()
    page.wait_for_url("**/workshop")

    assert reports(recorder, "Promotion Viewed", "Promotion Clicked")[1] == ("Promotion Clicked", about(WORKSHOP))
    answered(page)
    expect(overlay(page)).to_be_hidden()
    assert "workshop" in page.evaluate("localStorage['ripen-offers']")


def test_a_popup_is_hidden_while_it_covers_a_field(visit, recorder):
    recorder.offers = [NEWS]
    page = visit(still=True)
    answered(page)
    page.evaluate("document.getElementById('field').style.cssText = 'position: fixed; bottom: 2em; right: 2em'")

    page.clock.run_for(100)

    expect(popup(page)).to_be_hidden()
    page.evaluate("document.getElementById('field').style.cssText = ''; window.dispatchEvent(new Event('scroll'))")
    expect(popup(page)).to_be_visible()
    page.clock.run_for(100)
    assert reports(recorder, "Promotion Viewed") == [("Promotion Viewed", about(NEWS))]


@in_both
def test_a_popup_leaves_the_focus_where_it_is_and_closes_by_escape_from_within(visit, recorder):
    recorder.offers = [NEWS]
    page = visit()
    page.focus("#first")
    page.clock.fast_forward(200)
    expect(popup(page)).to_be_visible()
    assert focused(page) == "first"
    page.keyboard.press("Escape")
    expect(popup(page)).to_be_visible()

    popup(page).get_by_role("link", name="Read").focus()
    page.keyboard.press("Escape")

    expect(popup(page)).to_be_hidden()
    assert focused(page) == "first"
    assert reports(recorder, "Promotion Viewed", "Promotion Dismissed")[1] == ("Promotion Dismissed", about(NEWS))


def test_one_page_view_shows_one_popup_or_overlay(visit, recorder, taken):
    recorder.offers = [NEWS, WORKSHOP]
    page = visit()
    page.clock.fast_forward(200)
    expect(popup(page)).to_be_visible()
    popup(page).get_by_role("button", name="Not now").click()
    page.evaluate("ripen.track('Tool Used')")
    recorder.events("Promotion Viewed", "Promotion Dismissed", "Tool Used", beside=BESIDE)
    taken(page)
    page.clock.fast_forward(SOON)
    answered(page, 2)
    expect(overlay(page)).to_be_hidden()

    page.evaluate("history.pushState({}, '', '/second')")
    page.clock.fast_forward(SOON)

    expect(overlay(page)).to_be_visible()
    assert recorder.questions("/second")


def test_an_offer_appears_soon_after_the_score_was_reached(visit, recorder, taken):
    page = visit()
    recorder.questions("/first")
    recorder.offers = [WORKSHOP]
    page.evaluate("ripen.track('Tool Used')")
    recorder.events("Tool Used", beside=BESIDE)
    taken(page)

    page.clock.fast_forward(SOON)

    expect(overlay(page)).to_be_visible()


def test_offers_of_an_inactive_visitor_are_not_requested_repeatedly(visit, recorder, fence, taken):
    recorder.offers = [WORKSHOP]
    page = visit(still=True)
    expect(overlay(page)).to_be_visible()
    page.clock.run_for(100)
    recorder.events("Promotion Viewed", beside=BESIDE)
    taken(page)
    page.clock.fast_forward(60_000)
    recorder.questions("/first", 2)

    page.clock.fast_forward(60_000)
    fence(page)

    assert len(recorder.asked) == 2


@in_both
def test_a_slot_of_the_page_is_filled(visit, recorder):
    recorder.offers = [BANNER]
    page = visit(place='style="min-height: 300px"')

    expect(page.locator("#place").get_by_role("region", name=BANNER["title"])).to_be_visible()
    assert reports(recorder, "Promotion Viewed") == [("Promotion Viewed", about(BANNER))]
    page.locator("#place").get_by_role("link", name="Keep a seat").click()
    page.wait_for_url("**/workshop")
    reported = reports(recorder, "Promotion Viewed", "Promotion Clicked", "Promotion Viewed")
    assert ("Promotion Clicked", about(BANNER)) in reported


SHIFTS = """
window.shifts = [];
const note = (entries) => shifts.push(...entries.map(({ value }) => value));
const observer = new PerformanceObserver((list) => note(list.getEntries()));
observer.observe({ type: 'layout-shift', buffered: true });
// Resolves after the browser has drawn the page as it is, with all that moved by then.
window.drawn = async () => {
  await new Promise((done) => new IntersectionObserver(done).observe(document.body));
  note(observer.takeRecords());
};
"""


@pytest.mark.parametrize("place", ['style="min-height: 300px"', "", 'style="margin-top: 3000px"'])
@pytest.mark.parametrize("offer", [WORKSHOP, NEWS, BANNER], ids=lambda offer: offer["placement"])
def test_an_offer_shifts_no_layout(visit, recorder, context, offer, place):
    context.add_init_script(SHIFTS)
    recorder.offers = [offer]
    page = visit(place=place)
    answered(page)
    page.clock.fast_forward(SOON)
    if offer is WORKSHOP:
        expect(overlay(page)).to_be_visible()
    elif offer is NEWS:
        expect(popup(page)).to_be_visible()
    elif place:
        expect(page.locator("#place ripen-offer")).to_be_attached()
    for _ in range(2):  # what is put into its place after the first is drawn in the second
        page.evaluate("drawn()")

    assert page.evaluate("shifts") == []


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_reduced_motion_disables_the_animation(visit, recorder, context, motion):
    recorder.offers = [WORKSHOP]
    page = context.new_page()
    page.emulate_media(reduced_motion=motion)
    visit(page=page)

    name = overlay(page).evaluate("(box) => getComputedStyle(box).animationName")
    assert name == ("none" if motion == "reduce" else "appear")


def test_forced_colours_apply_and_every_button_has_a_border(visit, recorder, context):
    recorder.offers = [WORKSHOP]
    page = context.new_page()
    page.emulate_media(forced_colors="active")
    visit(page=page)

    ground, border = (
        overlay(page)
        .get_by_role("link")
        .evaluate("(link) => [getComputedStyle(link).backgroundColor, getComputedStyle(link).borderTopColor]")
    )
    assert ground != "rgb(26, 79, 180)"
    assert border != ground


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_texts_have_the_contrast_that_wcag_asks_for(visit, recorder):
    recorder.offers = [WORKSHOP]
    page = visit()
    [text, ground] = overlay(page).evaluate(
        "(box) => [getComputedStyle(box).color, getComputedStyle(box).backgroundColor]"
    )
    [label, button] = (
        overlay(page)
        .get_by_role("link")
        .evaluate("(link) => [getComputedStyle(link).color, getComputedStyle(link).backgroundColor]")
    )

    for front, back in ((text, ground), (label, button)):
        low, high = sorted([luminance(front), luminance(back)])
        assert (high + 0.05) / (low + 0.05) >= 7


STRICT = "default-src 'none'; script-src {0} {1}; connect-src {1}; require-trusted-types-for 'script'"


@pytest.mark.parametrize("offer", [WORKSHOP, NEWS, BANNER], ids=lambda offer: offer["placement"])
def test_an_offer_is_shown_under_a_strict_content_security_policy(visit, recorder, offer):
    recorder.policy = STRICT.format(recorder.origin, recorder.endpoint)
    recorder.offers = [offer]
    complaints = []
    page = visit(place="hidden")
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{recorder.origin}/second")
    expect(page.locator("ripen-offer")).to_be_attached()
    page.evaluate("document.getElementById('place').hidden = false")
    page.clock.fast_forward(200)

    box = page.locator("ripen-offer").locator("dialog, section")
    expect(box).to_be_visible()
    assert box.evaluate("(box) => getComputedStyle(box).backgroundColor") == "rgb(255, 255, 255)"
    assert [text for text in complaints if "Security Policy" in text] == []


MARKUP = "<img src=x onerror=window.hit=1><b>bold</b>"


def test_markup_in_texts_is_shown_as_text(visit, recorder):
    recorder.offers = [WORKSHOP | {"title": MARKUP, "text": MARKUP, "button": MARKUP, "language": MARKUP}]
    page = visit()

    expect(page.get_by_role("heading", name=MARKUP)).to_be_visible()
    assert page.locator("ripen-offer img, ripen-offer b").count() == 0
    assert page.evaluate("window.hit") is None


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "//evil.example/x", "/\\evil.example", "data:text/html,x", "http://["]
)
@pytest.mark.parametrize("part", ["link", "image"])
def test_an_offer_with_an_unsafe_link_is_skipped_for_the_next_one(visit, recorder, part, link):
    recorder.offers = [WORKSHOP | {part: link}, NEWS]
    page = visit()
    page.clock.fast_forward(200)

    expect(popup(page)).to_be_visible()
    expect(overlay(page)).to_be_hidden()


@pytest.mark.parametrize("offers", [None, "broken", [None], [{}], [{"placement": "slot", "slot": "home"}], {"a": 1}])
def test_an_invalid_response_is_ignored(visit, recorder, offers):
    recorder.offers = offers
    troubles = []
    page = visit()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(f"{recorder.origin}/second")
    answered(page)
    page.clock.fast_forward(SOON)

    assert page.locator("ripen-offer").count() == 0
    assert troubles == []


def test_a_browser_without_constructed_style_sheets_shows_no_offer(visit, recorder, context):
    context.add_init_script("delete window.CSSStyleSheet")
    recorder.offers = [WORKSHOP]
    troubles = []
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    visit(page=page)
    answered(page)

    assert page.locator("ripen-offer").count() == 0
    assert troubles == []


def test_offers_are_shown_without_the_snippet(context, recorder):
    recorder.pages["/bare"] = f"""<!doctype html><title>Bare</title>
      <script async src="{recorder.endpoint}/v1/offers.js" data-write-key="site-key"></script>"""
    recorder.offers = [WORKSHOP]
    page = context.new_page()
    page.goto(f"{recorder.origin}/bare")

    expect(overlay(page)).to_be_visible()
    assert "anonymousId" not in recorder.asked[0]


@pytest.mark.parametrize(("language", "label"), [("de", "Nicht jetzt"), ("en", "Not now"), ("fr", "Not now")])
def test_the_button_to_close_is_in_the_language_of_the_offer(visit, recorder, language, label):
    recorder.offers = [WORKSHOP | {"language": language}]
    page = visit()

    expect(overlay(page).get_by_role("button", name=label)).to_be_visible()
