"""Offers returned to the website: of the visitor, in one language, without personal data."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dynamodb.table import TableThrottledError
from adapters.runtime.settings import settings
from adapters.store import public_profile
from adapters.tracking import public_config
from ripen.config.schema.content import Offer
from ripen.events.sources import Source, Sources, digest
from track import handler

SHOP = "https://shop.example"
KEY = "shop-key"


def offer(**parts):
    texts = {name: {"en": f"{name} in English", "de": f"{name} auf Deutsch"} for name in ("title", "text", "button")}
    return Offer.model_validate({**texts, "link": {"en": "/workshop", "de": "/de/workshop"}, **parts})


OFFERS = {
    "workshop": offer(),
    "checklist": offer(placement="slot", slot="beside", link={"en": "https://cdn.example/list.pdf"}, dismiss_for="36h"),
    "news": offer(placement="popup", everybody=True, link={"en": "/news"}),
}


class Table:
    """The public config and profiles, in place of the table; `asked` lists the subjects that were read."""

    def __init__(self):
        self.offers = OFFERS
        self.language = "en"
        self.fronts = {}
        self.asked = []

    def shown(self, _table, _now):
        return {"offers": {name: one.model_dump(mode="json") for name, one in self.offers.items()}} | {
            "language": self.language
        }

    def read(self, _table, subject):
        self.asked.append(subject)
        return self.fronts.get(subject, {"offers": [], "preferences": {}})


@pytest.fixture
def table(tracking, monkeypatch):
    source = Source("shop", trusted=False, origins=(SHOP,))
    tracking(Sources({digest(KEY): source}))
    table = Table()
    monkeypatch.setattr(public_config, "public_config", table.shown)
    monkeypatch.setattr(public_profile, "read", table.read)
    yield table
    settings.cache_clear()


def get(headers=None, **query):
    event = {
        "requestContext": {"http": {"method": "GET", "path": "/v1/offers"}, "timeEpoch": 1_795_255_200_000},
        "headers": {"origin": SHOP} | (headers or {}),
        "queryStringParameters": {"writeKey": KEY} | query,
    }
    return handler.handler(event, None)


def told(**query):
    answer = get(**query)
    assert answer["statusCode"] == 200, answer
    return json.loads(answer["body"])["offers"]


def names(**query):
    return [one["name"] for one in told(**query)]


def test_a_visitor_gets_the_offers_that_campaigns_chose_in_their_order(table):
    table.fronts["a:ann"] = {"offers": ["checklist", "workshop"], "preferences": {}}

    assert names(anonymousId="ann") == ["checklist", "workshop"]


def test_typed_values_are_never_returned(table):
    table.fronts["a:ann"] = {"offers": ["checklist"], "preferences": {}, "about": {"firstName": "Mallory"}}

    assert "Mallory" not in get(anonymousId="ann")["body"]


@pytest.mark.parametrize("active", [[], ["no-longer-there"]])
def test_a_visitor_without_chosen_offers_gets_those_for_everybody(table, active):
    table.fronts["a:ann"] = {"offers": active, "preferences": {}}

    assert names(anonymousId="ann") == ["news"]


def test_no_profile_is_read_without_an_id(table):
    assert names() == ["news"]
    assert names(anonymousId="") == ["news"]
    assert table.asked == []


def test_no_profile_is_read_without_offers(table):
    table.offers = {}

    assert told(anonymousId="ann") == []
    assert table.asked == []


def test_the_response_contains_all_fields_of_an_offer(table):
    table.fronts["a:ann"] = {"offers": ["checklist"], "preferences": {"topics": {"news": False}}}

    answer = get(anonymousId="ann", language="en-GB")

    assert json.loads(answer["body"]) == {
        "offers": [
            {
                "name": "checklist",
                "placement": "slot",
                "slot": "beside",
                "language": "en",
                "title": "title in English",
                "text": "text in English",
                "button": "button in English",
                "link": "https://cdn.example/list.pdf",
                "image": "",
                "dismissDays": 1.5,
            }
        ]
    }
    assert answer["headers"]["cache-control"] == "private, max-age=10"
    assert answer["headers"]["access-control-allow-origin"] == SHOP
    assert answer["headers"]["vary"] == "origin"


@pytest.mark.parametrize(
    ("asked", "title", "link"),
    [
        ("de", "title auf Deutsch", "/de/workshop"),
        ("de-AT", "title auf Deutsch", "/de/workshop"),
        ("DE_ch", "title auf Deutsch", "/de/workshop"),
        ("fr", "title in English", "/workshop"),
        ("", "title in English", "/workshop"),
        ("<script>", "title in English", "/workshop"),
    ],
)
def test_an_offer_is_returned_in_the_language_of_the_page_or_the_site(table, asked, title, link):
    table.fronts["a:ann"] = {"offers": ["workshop"], "preferences": {}}

    [one] = told(anonymousId="ann", language=asked)

    assert (one["title"], one["link"]) == (title, link)


def test_an_offer_does_not_mix_languages(table):
    table.offers = {"half": offer(everybody=True, button={"en": "Go"})}

    [one] = told(language="de")

    assert (one["language"], one["title"], one["button"], one["link"]) == ("en", "title in English", "Go", "/workshop")


def test_an_offer_in_another_language_than_the_site_is_returned_in_its_own(table):
    table.language = "de"
    only = {name: {"en": name} for name in ("title", "text", "button", "link")} | {"link": {"en": "/x"}}
    table.offers = {"english": offer(everybody=True, **only)}

    [one] = told(language="de")

    assert (one["title"], one["link"]) == ("title", "/x")


def test_a_plain_text_stands_beside_texts_of_any_language(table):
    picture = {"en": "/workshop.jpg", "de": "/werkstatt.jpg"}
    table.offers = {"brief": offer(everybody=True, title="Workshop", link="/w", image=picture)}

    german, french = (told(language=language)[0] for language in ("de", "fr"))

    assert [german[part] for part in ("language", "title", "text", "link", "image")] == [
        *("de", "Workshop", "text auf Deutsch", "/w", "/werkstatt.jpg")
    ]
    assert (french["language"], french["text"], french["image"]) == ("en", "text in English", "/workshop.jpg")


def test_an_offer_of_plain_texts_is_in_the_language_of_the_site(table):
    table.offers = {"plain": offer(everybody=True, **dict.fromkeys(("title", "text", "button"), "Hi"), link="/w")}

    [one] = told(language="de")

    assert (one["language"], one["title"], one["link"]) == ("en", "Hi", "/w")
    assert told(language="de", path="/w") == []


@pytest.mark.parametrize("path", ["/workshop", "/workshop/", "/workshop?utm_source=x", "/de/workshop"])
def test_an_offer_is_not_shown_on_the_page_that_it_leads_to(table, path):
    table.fronts["a:ann"] = {"offers": ["workshop", "checklist"], "preferences": {}}

    assert names(anonymousId="ann", path=path) == ["checklist"]
    assert names(anonymousId="ann", path="/other") == ["workshop", "checklist"]


def test_an_unchanged_response_is_answered_with_304(table):
    table.fronts["a:ann"] = {"offers": ["workshop"], "preferences": {}}
    tag = get(anonymousId="ann")["headers"]["etag"]

    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = get({"if-none-match": known}, anonymousId="ann")
        assert (again["statusCode"], again["body"]) == (304, "")
        assert again["headers"]["cache-control"] == "private, max-age=10"

    table.fronts["a:ann"] = {"offers": ["checklist"], "preferences": {}}
    assert get({"if-none-match": tag}, anonymousId="ann")["statusCode"] == 200


def test_only_pages_of_the_site_may_request_offers_and_only_with_its_key(table):
    assert get({"origin": "https://evil.example"})["statusCode"] == 403
    assert get(writeKey="other")["statusCode"] == 401
    assert get(anonymousId="x" * 101)["statusCode"] == 400
    assert get(anonymousId="undefined")["statusCode"] == 400
    assert table.asked == []


def test_a_throttled_table_is_answered_with_429(table, monkeypatch):
    def busy(*_):
        raise TableThrottledError("busy")

    monkeypatch.setattr(public_profile, "read", busy)

    assert get(anonymousId="ann")["statusCode"] == 429


@given(query=st.dictionaries(st.sampled_from(["anonymousId", "language", "path", "x"]), st.text(max_size=60)))
def test_any_query_is_answered_with_200_or_400(query):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TABLE_NAME", "table")
        patch.setenv("RETENTION_DAYS", "30")
        settings.cache_clear()
        patch.setattr(handler, "registered", lambda *_: Sources({digest(KEY): Source("shop", False, (SHOP,))}))
        table = Table()
        patch.setattr(public_config, "public_config", table.shown)
        patch.setattr(public_profile, "read", table.read)
        answer = get(**query)
    settings.cache_clear()
    assert answer["statusCode"] in (200, 400)
