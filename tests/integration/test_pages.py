"""The pages behind links in mails: their contents, and the events that they write."""

import html
import json
import re
from urllib.parse import urlencode

import pytest

from adapters.dynamodb.attributes import attributes
from adapters.dynamodb.table import put_text
from adapters.identity import link_tokens
from adapters.identity.address_items import suppress
from adapters.runtime.clients import client
from ripen.events.event import RIPEN
from ripen.events.link_scanners import with_bot_verdicts
from ripen.events.networks import network_of
from ripen.storage.ledger import RECORD_KEY, SITE_KEY
from ripen.times import DAY, MINUTE, SECOND
from stories import START, mail_report
from track.handler import handler as track

INTENT = "tips_tips_1"
FORM = "application/x-www-form-urlencoded"
SITE = {
    "categories": {"tips": {"de": "Tipps", "en": "Tips"}, "events": {"de": "Veranstaltungen", "en": "Events"}},
    "surveys": {
        "service": {
            "question": {"de": "Wie zufrieden sind Sie?", "en": "How did we do?"},
            "reasons": [{"key": "slow", "title": {"en": "It took <too> long"}}],
            "comment": True,
        },
        "short": {"question": {"en": "How was it?"}, "reasons": [], "comment": False},
    },
    "imprint": {"de": "Beispiel GmbH\nHauptstraße 1", "en": "Example Ltd"},
    "from_name": "Example & Sons",
    "language": "en",
    "languages": ["de", "en", "fr"],
}


class Pages:
    """A browser that follows links of one mail to `a:ann`."""

    def __init__(self, site):
        self.site = site
        site.dynamodb.put_item(TableName="ripen", Item=attributes({"pk": "a:ann", "sk": RECORD_KEY, "version": 1}))
        self.token = link_tokens.issue_page([b"a" * 64], "a:ann", "I#" + "0" * 64, INTENT, START)

    def get(self, page, at=START, method="GET", headers=None, **query):
        return self._ask(page, method, at, None, headers, query)

    def post(self, page, fields=(), at=START, headers=None, **query):
        body = fields if isinstance(fields, str) else urlencode(fields)
        return self._ask(page, "POST", at, body, {"content-type": FORM, **(headers or {})}, query)

    def _ask(self, page, method, at, body, headers, query):
        event = {
            "requestContext": {
                "http": {"method": method, "path": f"/v1/{page}", "sourceIp": "203.0.113.77"},
                "timeEpoch": at,
            },
            "headers": headers or {},
            "queryStringParameters": {"t": self.token, **query},
        }
        return track(event | ({} if body is None else {"body": body}), None)

    def events(self):
        return [(event.name, dict(event.properties)) for event in self.site.events()]


@pytest.fixture
def pages(site):
    put_text("ripen", SITE_KEY, json.dumps(SITE))
    return Pages(site)


def text(answer):
    return html.unescape(
        re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]*>", " ", answer["body"], flags=re.DOTALL))
    )


def chosen(answer):
    """The values that are checked or selected, by field."""
    found = re.findall(r'<input[^>]*name="(\w+)" value="([^"]*)"[^>]* checked>', answer["body"])
    return found + re.findall(r'<(option) value="(\w+)"[^>]* selected>', answer["body"])


# ---------------------------------------------------------------- unsubscribing


def test_opening_the_page_to_unsubscribe_changes_nothing_and_its_button_unsubscribes(pages):
    shown = pages.get("unsubscribe")
    assert shown["statusCode"] == 200
    assert "<button>Unsubscribe</button>" in shown["body"]
    assert pages.get("unsubscribe", method="HEAD") == {**shown, "body": ""}
    assert pages.events() == []

    done = pages.post("unsubscribe", at=START + SECOND)

    assert "You are unsubscribed" in text(done)
    assert pages.events() == [("Unsubscribed", {"intent": INTENT})]
    assert all(event.source == RIPEN for event in pages.site.events())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, "List-Unsubscribe=One-Click"),
        (
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
        ),
        ("", ""),
        ("application/json", "\x00" * 100_000),
    ],
)
def test_a_mail_program_unsubscribes_with_one_post_and_no_page(pages, kind, body):
    assert pages.post("unsubscribe", body, headers={"content-type": kind})["statusCode"] == 200

    assert pages.events() == [("Unsubscribed", {"intent": INTENT})]


def test_a_repeated_post_counts_once_and_a_later_one_counts_again(pages):
    for at in (START, START + SECOND, START + 30 * SECOND):
        pages.post("unsubscribe", at=at)
    assert len(pages.events()) == 1

    pages.post("unsubscribe", at=START + DAY)

    assert len(pages.events()) == 2


# ---------------------------------------------------------------- preferences


def test_default_settings_are_all_topics_and_no_pause(pages):
    shown = pages.get("preferences", lang="de")

    assert chosen(shown) == [
        ("topic", "tips"),
        ("topic", "events"),
        ("frequency", "any"),
        ("pause", "0"),
        ("option", "de"),
    ]
    assert "Veranstaltungen" in shown["body"]


def test_stored_settings_are_shown(pages):
    preferences = {"off": ["tips"], "paused_until": START + 3 * DAY + 1, "language": "fr", "frequency": "month"}
    item = {"pk": {"S": "O#a:ann"}, "sk": {"S": "O"}, "data": {"S": json.dumps({"preferences": preferences})}}
    client("dynamodb").put_item(TableName="ripen", Item=item)

    shown = pages.get("preferences")

    assert chosen(shown) == [("topic", "events"), ("frequency", "month"), ("pause", "keep"), ("option", "fr")]
    assert "Stay paused until 5 March 2026" in text(shown)
    pages.post("preferences", {"action": "save", "pause": "keep", "language": "fr"}, at=START + DAY)
    [(_, changed)] = pages.events()
    assert "pause_days" not in changed, "a pause that goes on is no new one"


def test_submitted_settings_become_an_event(pages):
    fields = [("topic", "events"), ("topic", "unknown"), ("pause", "14"), ("language", "de"), ("action", "save")]
    fields.append(("frequency", "week"))

    assert "Saved" in text(pages.post("preferences", fields))
    pages.post("preferences", [("pause", "0"), ("language", "en")], at=START + 1)

    none = {"tips": False, "events": False}
    assert pages.events() == [
        (
            "Preferences Changed",
            {
                "intent": INTENT,
                "frequency": "week",
                "language": "de",
                "pause_days": 14,
                "topics": none | {"events": True},
            },
        ),
        ("Preferences Changed", {"intent": INTENT, "topics": none, "pause_days": 0, "language": "en"}),
    ]


def test_the_page_of_settings_unsubscribes_from_everything(pages):
    assert "You are unsubscribed" in text(pages.post("preferences", {"action": "everything"}))

    assert pages.events() == [("Unsubscribed", {"intent": INTENT})]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"pause": "0", "language": "en", "frequency": "day"},
        {"pause": "7", "language": "en"},
        {"pause": "0", "language": "xx"},
        {"pause": "0"},
    ],
)
def test_settings_that_the_form_cannot_send_are_refused(pages, fields):
    assert pages.post("preferences", fields)["statusCode"] == 400
    assert pages.events() == []


SAVED = {"action": "save", "pause": "0", "language": "en", "frequency": "any"}


def test_settings_after_unsubscribing_select_no_topic_and_link_to_a_new_opt_in(pages):
    pages.post("unsubscribe", at=START + DAY)

    shown = pages.get("preferences", at=START + 2 * DAY)

    said = text(shown)
    assert "You have been unsubscribed since 3 March 2026" in said
    assert said.index("You have been unsubscribed") < said.index("Topics that I want")
    assert [field for field in chosen(shown) if field[0] == "topic"] == []
    assert "Unsubscribe from everything" not in said
    assert f'href="confirm?t={pages.token}&amp;lang=en"' in shown["body"]
    assert "seit dem 03.03.2026 abgemeldet" in text(pages.get("preferences", lang="de")).replace("dem 3.", "dem 03.")


def test_settings_of_an_unsubscribed_lead_are_saved_and_the_page_says_it_gets_no_mails(pages):
    pages.post("unsubscribe")

    done = pages.post("preferences", SAVED, at=START + 1)

    assert "You are still unsubscribed" in text(done)
    assert "confirm?t=" in done["body"]
    assert pages.events()[-1] == (
        "Preferences Changed",
        {"intent": INTENT, "frequency": "any", "language": "en", "pause_days": 0},
    ), "the form ticks nothing, which is no choice of topics"
    pages.post("preferences", SAVED | {"topic": "tips"}, at=START + 2)
    assert pages.events()[-1][1]["topics"] == {"tips": True, "events": False}


def test_a_new_opt_in_ends_the_unsubscription_on_the_page_of_settings(pages):
    pages.post("unsubscribe")
    pages.post("confirm", {"version": version(pages.get("confirm"))}, at=START + DAY)

    shown = pages.get("preferences", at=START + DAY)

    assert "unsubscribed since" not in text(shown)
    assert ("topic", "tips") in chosen(shown)


def test_unsubscribing_twice_is_shown_as_already_unsubscribed(pages):
    pages.post("unsubscribe")

    shown, done = pages.get("unsubscribe", at=START + DAY), pages.post("unsubscribe", at=START + DAY)

    for answer in (shown, done):
        assert "You were already unsubscribed" in text(answer)
        assert "<button" not in answer["body"]


@pytest.mark.parametrize(("reason", "said"), [("complained", "marked as spam"), ("bounced", "came back")])
def test_the_pages_of_a_suppressed_address_say_that_it_gets_no_mail(pages, reason, said):
    suppress("ripen", "0" * 32, reason, START)

    assert said in text(pages.get("preferences"))
    assert said in text(pages.post("preferences", SAVED))
    assert said in text(pages.post("confirm", {"version": version(pages.get("confirm"))}))


# ---------------------------------------------------------------- double opt-in


def version(answer):
    return re.search(r'name="version" value="(\w+)"', answer["body"])[1]


def test_a_confirmation_records_its_text_time_and_network(pages):
    shown = pages.get("confirm", lang="de")
    assert pages.events() == []
    assert "von Example & Sons" in text(shown)

    done = pages.post("confirm", {"version": version(shown)}, at=START + MINUTE, lang="de")

    assert "Ihre Adresse ist bestätigt" in text(done)
    [event] = pages.site.events()
    proof = dict(event.properties)
    assert (event.name, event.at) == ("Subscription Confirmed", START + MINUTE)
    assert proof.pop("text") in text(shown)
    assert proof == {"intent": INTENT, "text_version": version(shown), "language": "de", "ip": "203.0.113.0/24"}


def test_a_page_names_the_sender_in_its_own_language(pages):
    put_text("ripen", SITE_KEY, json.dumps(SITE | {"from_name": {"en": "The team", "de": "Das Team"}}))

    assert " Das Team</title>" in pages.get("confirm", lang="de")["body"]
    assert "from The team at" in text(pages.get("confirm", lang="en"))


@pytest.mark.parametrize(
    ("opt_in", "said"),
    [
        ("I agree.", "I agree."),
        ({"en": "I agree.", "de": "Ja."}, "Ja."),
        ({"en": "I agree."}, "Ich möchte E-Mails mit"),
    ],
    ids=["plain", "by language", "without this language"],
)
def test_nobody_agrees_to_a_text_by_language_in_another_one(pages, opt_in, said):
    put_text("ripen", SITE_KEY, json.dumps(SITE | {"opt_in": opt_in}))

    assert f'id="agreed">{said}' in html.unescape(pages.get("confirm", lang="de")["body"])


def test_a_confirmation_of_a_changed_text_is_refused_and_shows_the_new_text(pages):
    shown = pages.get("confirm")
    put_text("ripen", SITE_KEY, json.dumps(SITE | {"opt_in": {"en": "I want everything."}}))

    again = pages.post("confirm", {"version": version(shown)}, at=START + 2 * MINUTE)

    assert again["statusCode"] == 409
    assert "has changed" in text(again)
    assert "I want everything." in text(again)
    assert pages.events() == []
    pages.post("confirm", {"version": version(again)}, at=START + 2 * MINUTE)
    [(_, proof)] = pages.events()
    assert proof["text"] == "I want everything."


@pytest.mark.parametrize(
    ("ip", "kept"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_only_the_network_of_an_ip_address_is_kept(ip, kept):
    assert str(network_of(ip) or "") == kept


# ---------------------------------------------------------------- feedback


def test_a_rating_counts_when_it_is_sent_not_when_its_link_is_opened(pages):
    for score in range(11):
        shown = pages.get("feedback", survey="service", s=str(score))
        assert chosen(shown)[0] == ("score", str(score))
        assert f"Your answer so far: {score}. Nothing is stored yet" in text(shown)
    assert pages.events() == []

    fields = {"score": "9", "reason": "slow", "comment": " Thank\r\nyou\x00 \U0001f600 "}
    assert "Thank you" in text(pages.post("feedback", fields, survey="service", s="8"))

    given = {"survey": "service", "score": 9, "reason": "slow", "comment": "Thank\nyou \U0001f600"}
    assert pages.events() == [("Feedback Given", {"intent": INTENT, **given})]


def test_the_scale_labels_of_a_survey_are_shown_in_both_languages(pages):
    ends = {"low": {"en": "not at all", "de": "gar nicht"}, "high": {"en": "completely", "de": "voll und ganz"}}
    surveys = SITE["surveys"] | {"service": SITE["surveys"]["service"] | {"scale": ends}}
    put_text("ripen", SITE_KEY, json.dumps(SITE | {"surveys": surveys}))

    shown = {language: text(pages.get("feedback", survey="service", lang=language)) for language in ("en", "de")}

    assert "0: not at all. 10: completely." in shown["en"]
    assert "0: gar nicht. 10: voll und ganz." in shown["de"]
    assert "Nothing is stored yet" not in shown["en"], "no answer was chosen in the mail"
    assert "0: sehr schlecht. 10: sehr gut." in text(pages.get("feedback", survey="short", lang="de"))


def test_fields_that_a_survey_does_not_ask_for_are_not_stored(pages):
    shown = pages.get("feedback", survey="short")
    assert "<textarea" not in shown["body"]
    assert chosen(shown) == []

    pages.post("feedback", {"score": "0", "reason": "slow", "comment": "text"}, survey="short")

    assert pages.events() == [("Feedback Given", {"intent": INTENT, "survey": "short", "score": 0})]


def test_a_changed_answer_is_a_new_event_and_a_repeated_one_is_not(pages):
    for score in "9", "9", "3", "3":
        pages.post("feedback", {"score": score}, survey="short")

    assert sorted(properties["score"] for _, properties in pages.events()) == [3, 9]


@pytest.mark.parametrize("score", ["", "11", "-1", "nine", "٣", "9.5"])
def test_a_form_without_a_rating_is_shown_again_with_its_input(pages, score):
    again = pages.post("feedback", {"score": score, "reason": "slow", "comment": "</textarea><b>"}, survey="service")

    assert again["statusCode"] == 400
    assert "choose a rating" in text(again)
    assert chosen(again) == [("reason", "slow")]
    assert "&lt;/textarea&gt;&lt;b&gt;</textarea>" in again["body"]
    assert pages.events() == []


def test_a_comment_is_limited_in_length(pages):
    fields = {"score": "5", "comment": "\U0001f600" * 2_000}
    assert pages.post("feedback", fields, survey="service")["statusCode"] == 200

    again = pages.post("feedback", fields | {"comment": "x" * 2_001}, survey="service")

    assert again["statusCode"] == 400
    assert "has 2001 characters" in text(again)
    assert len(pages.events()) == 1


@pytest.mark.parametrize("query", [{}, {"survey": "gone"}, {"survey": ""}])
def test_an_unknown_survey_is_answered_with_404_and_a_message(pages, query):
    for answer in (pages.get("feedback", **query), pages.post("feedback", {"score": "1"}, **query)):
        assert answer["statusCode"] == 404
        assert "This survey has ended" in text(answer)
    assert pages.events() == []


# ---------------------------------------------------------------- the hidden link


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_hidden_link_marks_its_visitor_and_their_other_clicks_as_a_scanner(pages, method):
    at = START + 60 * MINUTE
    pages.site.report(mail_report("Click", "a:ann", INTENT, at, link="https://example.com/"))
    pages.site.report(mail_report("Click", "a:ann", INTENT, at + DAY, link="https://example.com/"))

    answer = pages.get("trap", at=at + 2 * SECOND, method=method)

    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert [event.bot for _, event in with_bot_verdicts(pages.site.events())] == ["link scanner", "link scanner", ""]


# ---------------------------------------------------------------- what all pages share


@pytest.mark.parametrize("page", ["unsubscribe", "preferences", "confirm", "feedback"])
def test_a_page_runs_no_script_loads_no_resource_and_sends_no_referrer(pages, page):
    answer = pages.get(page, survey="service")

    headers = answer["headers"]
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'; frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["cache-control"] == "no-store"
    assert "<script" not in answer["body"]
    assert "Example Ltd" in text(answer)


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("de", "en", "de"),
        ("", "fr;q=0.9, de-AT;q=0.8, en;q=0.1", "de"),
        ("", "en;q=0.1, de;q=x, de;q=0.2", "de"),
        ("xx", "de;q=0", "en"),
        ("", "", "en"),
    ],
)
def test_a_page_is_in_the_language_of_its_visitor(pages, asked, accepted, language):
    answer = pages.get("unsubscribe", lang=asked, headers={"accept-language": accepted})

    assert answer["headers"]["content-language"] == language
    assert f'<html lang="{language}">' in answer["body"]


@pytest.mark.parametrize("token", ["", "x", "x.y.z", "ü", "x" * 9_000])
@pytest.mark.parametrize("page", ["unsubscribe", "preferences", "confirm", "feedback", "trap"])
def test_an_incomplete_link_writes_nothing_and_the_page_says_what_to_do(pages, page, token):
    for answer in (pages.get(page, t=token), pages.post(page, t=token)):
        assert answer["statusCode"] == 400
        assert "open it from the mail again" in text(answer)
    assert pages.events() == []


def test_an_invalid_form_is_answered_with_the_status_of_its_mistake(pages):
    said = {
        415: pages.post("preferences", "{}", headers={"content-type": "application/json"}),
        413: pages.post("preferences", "x" * 100_000),
        400: pages.post("preferences", "topic=%ff&pause=0&language=en"),
        405: pages.get("preferences", method="DELETE"),
    }

    assert {status: answer["statusCode"] for status, answer in said.items()} == {status: status for status in said}
    assert said[405]["headers"]["allow"] == "GET, HEAD, POST"
    assert pages.post("preferences", "&".join(f"f{n}=" for n in range(400)))["statusCode"] == 400
    assert pages.post("trap")["statusCode"] == 405
    assert pages.events() == []


def test_a_page_works_before_any_rules_are_active(site):
    pages = Pages(site)

    assert "Topics" not in text(pages.get("preferences"))
    assert pages.post("preferences", {"pause": "30", "language": "en"})["statusCode"] == 200
    assert pages.get("feedback", survey="service")["statusCode"] == 404


def test_a_throttled_table_is_answered_with_503_on_a_page(pages, monkeypatch):
    from adapters.dynamodb.table import TableThrottledError  # noqa: PLC0415 - beside its only use

    def busy(*_):
        raise TableThrottledError

    monkeypatch.setattr("track.pages.page_request.keep_reply", busy)

    answer = pages.post("unsubscribe")

    assert answer["statusCode"] == 503
    assert answer["headers"]["retry-after"] == "60"
    assert "try again in a minute" in text(answer)
