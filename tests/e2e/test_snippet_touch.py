"""The browser snippet: campaigns, referrers and mail links of visits."""

import pytest


def visit(page, recorder, *before, query=""):
    """The context of an event of a new visit; those `before` had the events of these names."""
    name = f"Visit {len(before) + 1}"
    page.goto(f"{recorder.origin}/first{query}")
    page.evaluate("(name) => ripen.track(name)", name)
    return recorder.events(*before, name)[-1]["context"]


def test_the_campaign_of_a_visit_is_sent_with_all_its_events(agreed, recorder):
    spring = {"source": "feed", "medium": "paid-social", "name": "spring"}
    assert visit(agreed, recorder)["campaign"] == spring
    assert visit(agreed, recorder, "Visit 1", query="?utm_source=mail&fbclid=f-1")["campaign"] == {
        "source": "mail",
        "clickId": "f-1",
        "clickIdType": "fbclid",
    }
    agreed.clock.fast_forward(31 * 60_000)
    later = visit(agreed, recorder, "Visit 1", "Visit 2")
    assert later["campaign"] == {}
    first = later["firstTouch"]
    assert {key: value for key, value in first.items() if key != "at"} == {**spring, "path": "/first"}
    assert first["at"] < recorder.so_far()[0]["originalTimestamp"]


@pytest.mark.parametrize("name", ["gclid", "gbraid", "wbraid", "fbclid", "msclkid", "li_fat_id", "ttclid"])
def test_click_ids_of_advertisers_are_kept(agreed, recorder, name):
    assert visit(agreed, recorder, query=f"?{name}=c-1")["campaign"] == {"clickId": "c-1", "clickIdType": name}


NEWS = {"source": "news", "medium": "email", "name": "x"}


@pytest.mark.parametrize(
    ("query", "campaign"),
    [
        ("?UTM_SOURCE=news&Utm_Medium=email&utm_Campaign=x", NEWS),
        ("?utm_source=news&amp;utm_medium=email&AMP;utm_campaign=x", NEWS),
        ("?utm_source=news&amp;amp;utm_medium=email&amp;utm_campaign=x", NEWS),
        ("#/lp?utm_source=news&utm_medium=email&utm_campaign=x", NEWS),
        ("#utm_source=news&utm_medium=email&utm_campaign=x", NEWS),
        ("?id=5?utm_source=news&utm_medium=email&utm_campaign=x", NEWS),
        ("?utm_source=news&utm_campaign=x&utm_campaign=&utm_medium=&utm_medium=email&utm_medium=sms", NEWS),
        ("?utm_source=my+news%20letter", {"source": "my news letter"}),
        ("?utm_source=&utm_campaign=", {}),
        ("?GCLID=Cj0abc", {"clickId": "Cj0abc", "clickIdType": "gclid"}),
        ("?gad_source=1&gbraid=0AAA&gclid=Cj0", {"clickId": "0AAA", "clickIdType": "gbraid"}),
        ("?utm_source=a&utm___proto__=x&gclid=", {"source": "a"}),
    ],
)
def test_campaign_parameters_are_read_in_common_spellings(context, recorder, query, campaign):
    page = context.new_page()
    page.goto(f"{recorder.origin}/second{query}")
    page.evaluate("ripen.consent(true)")

    [given] = recorder.events("Consent Given", beside=())
    assert given["context"]["campaign"] == campaign


def test_the_referrer_of_a_visit_is_sent_when_it_is_another_site(context, recorder):
    page = context.new_page()
    page.goto(f"{recorder.origin}/first", referer="https://search.example/?q=quotes")
    page.evaluate("ripen.consent(true); ripen.page()")
    page.goto(f"{recorder.origin}/first", referer=f"{recorder.origin}/first")
    page.evaluate("ripen.page()")

    contexts = [event["context"] for event in recorder.events("page", "page")]
    assert [context["referrer"]["url"] for context in contexts] == ["https://search.example/?q=quotes"] * 2
    assert contexts[1]["firstTouch"]["referrer"] == "https://search.example/?q=quotes"


def test_no_touch_is_stored_before_consent_or_after_its_withdrawal(page):
    page.evaluate("ripen.page()")
    assert page.evaluate("localStorage.length") == 0
    page.evaluate("ripen.consent(true)")
    assert page.evaluate("JSON.parse(localStorage['ripen-touch']).first.source") == "feed"
    page.evaluate("ripen.consent(false)")
    assert page.evaluate("localStorage.length") == 0


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("?rt=t-1", ""),
        ("?rt=t-1#part", "#part"),
        ("?rt=t-1&a=b%20c", "?a=b%20c"),
        ("?a=b&rt=t-1", "?a=b"),
        ("?a=b&rt=t-1&c=d#x", "?a=b&c=d#x"),
        ("?start=t-1", "?start=t-1"),
    ],
)
def test_the_token_of_a_mail_link_leaves_the_address_bar(context, recorder, typed, shown):
    page = context.new_page()
    page.goto(f"{recorder.origin}/first{typed}")

    assert page.url == f"{recorder.origin}/first{shown}"


def test_the_token_of_a_mail_link_is_sent_once_after_consent(context, recorder):
    page = context.new_page()
    page.goto(f"{recorder.origin}/first?rt=to-ken_1.a")
    page.evaluate("ripen.page(); ripen.track('Tool Used')")
    assert page.evaluate("localStorage.length + document.cookie.length") == 0
    page.evaluate("ripen.consent(true)")

    events = recorder.events("page", "Tool Used", "Consent Given", beside=())
    assert [event["context"].get("token") for event in events] == ["to-ken_1.a", None, None]
    assert events[0]["context"]["page"]["url"] == f"{recorder.origin}/first"
