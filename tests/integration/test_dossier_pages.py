"""The page about a lead: for the colleague of the link, on the colleague's device, and decisions on it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from adapters.identity.link_tokens import DOSSIER_AGE
from integration.sales_team import PEOPLE, TOM, files, warm
from ripen.events.event import RIPEN
from ripen.sales.decisions import DECISIONS, OPENED
from ripen.times import DAY, HOUR, MINUTE
from sales.handler import handler
from services.erasure import erase_lead
from stories import START, tracked

AT = START + HOUR
OWN_FORM = {"sec-fetch-site": "same-origin"}
SECRETS = ("lead.example", "Webinar", "south")


class Browser:
    """A device: it keeps the cookie of the page, and sends the forms that the page shows."""

    def __init__(self, token, headers=OWN_FORM):
        self.query, self.headers, self.cookies = {"t": token}, headers, {}
        self.answer = {}

    def ask(self, at, method="GET", **fields):
        event = {
            "requestContext": {"http": {"path": "/v1/dossier", "method": method}, "timeEpoch": at},
            "headers": {"content-type": "application/x-www-form-urlencoded", "accept-language": "en", **self.headers},
            "cookies": [f"{name}={value}" for name, value in self.cookies.items()],
            "queryStringParameters": self.query,
            "body": urlencode(fields),
        }
        self.answer = handler(event, None)
        for cookie in self.answer.get("cookies", ()):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return self.answer["statusCode"]

    def open(self, at=AT):
        return self.ask(at, "POST", open="yes")

    def send(self, at, kind, **fields):
        """Fill in the form of a decision of the page that is shown, and send it."""
        shown = {name: self.hidden(name) for name in ("id", "seen")}
        return self.ask(at, "POST", decide="yes", kind=kind, **shown | fields)

    def undo(self, at):
        return self.ask(at, "POST", undo="yes", of=self.hidden("of"))

    def hidden(self, name):
        return re.search(rf'name="{name}" value="([^"]*)"', self.body)[1]

    @property
    def body(self):
        return unescape(self.answer["body"])


@pytest.fixture
def handed(selling):
    """A deployment in which Ann Weber got a mail about a lead."""
    site = selling()
    warm(site, region="south")
    return site


def token_in(mail):
    text = mail.get_body(("plain",)).get_content()
    [link, *_] = re.findall(r"https://sales\.example/v1/dossier\?\S+", text)
    return parse_qs(urlsplit(link).query)["t"][0]


@pytest.fixture
def rep(handed):
    """The browser of Ann Weber, with the link of her mail."""
    return Browser(token_in(handed.mails()[-1]))


def made(site):
    return [event for event in site.events() if event.source == RIPEN and event.name in DECISIONS]


def standing(site):
    return {name: site.record()[name] for name in ("active", "phase", "scores")}


def reveals(browser):
    return [secret for secret in SECRETS if secret in browser.body]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_scanner_that_opens_the_link_sees_nothing_and_leaves_it_to_the_rep(rep, method):
    assert rep.ask(AT, method) == 200
    assert (reveals(rep), rep.cookies) == ([], {})

    assert rep.open() == 200
    assert "lead.example" in rep.body


def test_the_page_has_no_scripts_and_its_cookie_is_for_this_host_and_its_own_forms_alone(rep):
    rep.open()

    [cookie] = rep.answer["cookies"]
    assert re.fullmatch(
        r"__Host-ripen-rep=[\w.=-]+; Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=Strict", cookie
    )
    assert "default-src 'none'" in rep.answer["headers"]["content-security-policy"]
    assert "<script" not in rep.answer["body"]


def test_a_forwarded_link_shows_nothing_on_another_device_and_mails_a_new_one_to_the_rep(handed, rep):
    rep.open()
    other = Browser(rep.query["t"])

    assert other.open(AT + MINUTE) == 403
    assert reveals(other) == []
    assert "opened on another device" in other.body
    assert other.ask(AT + MINUTE, "POST", renew="yes") == 200

    mail = handed.mails()[-1]
    assert mail["To"] == "ann.weber@example.com"
    assert Browser(token_in(mail)).open(AT + 2 * MINUTE) == 200


def test_a_rep_gets_few_new_links_an_hour(handed, rep):
    before = len(handed.mails())

    assert [rep.ask(AT, "POST", renew="yes") for _ in range(6)] == [200] * 6

    assert len(handed.mails()) == before + 3


def test_a_device_of_the_rep_opens_later_links_at_once(handed, rep):
    rep.open()
    Browser(rep.query["t"]).ask(AT, "POST", renew="yes")
    fresh = token_in(handed.mails()[-1])
    Browser(fresh).open(AT + MINUTE)  # somebody else was first

    rep.query = {"t": fresh}

    assert rep.open(AT + 2 * MINUTE) == 200


def test_a_link_that_a_known_device_opened_is_worth_nothing_to_whom_it_is_forwarded(handed, rep):
    rep.open()
    Browser(rep.query["t"]).ask(AT, "POST", renew="yes")
    rep.query = {"t": token_in(handed.mails()[-1])}
    rep.open(AT + MINUTE)
    stranger = Browser(rep.query["t"])

    assert (stranger.open(AT + 2 * MINUTE), stranger.cookies, reveals(stranger)) == (403, {}, [])
    assert rep.open(AT + 3 * MINUTE) == 200


def test_the_cookie_of_another_rep_opens_nothing(selling):
    site = selling()
    warm(site, region="south")
    hers = token_in(site.mails()[-1])
    warm(site, who="tim", at=AT, region="north")
    his = Browser(token_in(site.mails()[-1]))
    his.open(AT + HOUR)
    Browser(hers).open(AT + HOUR)

    his.query = {"t": hers}

    assert his.open(AT + HOUR) == 403


UNSIGNED = ["", "x", "WyJhIl0.abc.def", "x" * 5_000]


def test_a_link_that_nobody_signed_is_refused(handed, subtests):
    for token in UNSIGNED:
        with subtests.test(str(token)[:40]):
            browser = Browser(token)

            assert (browser.open(), reveals(browser)) == (400, [])


def test_an_expired_link_shows_nothing_and_can_be_renewed(handed, rep):
    assert rep.open(AT + DOSSIER_AGE + DAY) == 410
    assert (reveals(rep), "Send me a new link" in rep.body) == ([], True)


def test_a_rep_who_is_gone_sees_nothing(handed, rep):
    handed.publish(files(people=PEOPLE.replace("    ann: %s\n", "") % TOM), AT)

    assert rep.open(AT + 2 * MINUTE) == 403
    assert "no longer among those" in rep.body
    assert reveals(rep) == []


SENDERS = [
    ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403),
    ({"origin": "https://elsewhere.example"}, 403),
    ({}, 403),
    ({"origin": "null"}, 403),
    ({"origin": "http://sales.example"}, 403),
    ({"origin": "https://sales.example"}, 200),
]


def test_a_form_of_another_site_is_refused_whatever_the_cookie(rep, subtests):
    rep.open()
    for headers, status in SENDERS:
        with subtests.test(str(headers)[:40]):
            rep.headers = headers

            assert rep.open(AT + MINUTE) == status


def test_an_opening_is_told_once_an_hour_and_is_no_activity_of_the_lead(handed, rep):
    before = standing(handed)

    rep.open(AT)
    rep.open(AT + MINUTE)
    rep.open(AT + HOUR + MINUTE)
    handed.score(AT + 2 * HOUR)

    opened = [event for event in handed.events() if event.name == OPENED]
    assert [event.properties for event in opened] == [{"by": "rep.ann"}] * 2
    assert standing(handed) == before


def test_a_rep_accepts_and_undoes_it(handed, rep):
    rep.open()

    assert rep.send(AT, "accept", note="Called on Monday") == 200
    assert "Stored: Accepted" in rep.body
    assert "Called on Monday" in rep.body
    assert rep.undo(AT + HOUR) == 200
    assert "undone" in rep.body
    assert handed.names().count("Lead Decision Undone") == 1


def test_a_form_that_is_sent_twice_counts_once(handed, rep):
    rep.open()
    form = {name: rep.hidden(name) for name in ("id", "seen")}

    for _ in range(2):
        assert rep.ask(AT, "POST", decide="yes", kind="accept", **form) == 200

    assert len(made(handed)) == 1


def test_a_form_that_is_sent_again_with_another_decision_is_shown_once_more(handed, rep):
    rep.open()
    form = {name: rep.hidden(name) for name in ("id", "seen")}
    rep.ask(AT, "POST", decide="yes", kind="accept", **form)

    assert rep.ask(AT + MINUTE, "POST", decide="yes", kind="meeting", note="On Monday", **form) == 400
    assert "already sent with another decision" in rep.body
    assert "On Monday" in rep.body
    assert rep.send(AT + 2 * MINUTE, "meeting", note="On Monday") == 200
    assert [event.name for event in made(handed)] == ["Lead Accepted", "Lead Meeting Booked"]


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("return", {"reason": "too-early", "until": "2026-05-01"}, {"reason": "too-early", "until": "2026-05-01"}),
        ("return", {"reason": "no-budget", "until": ""}, {"reason": "no-budget"}),
        ("disqualify", {"reason": "student"}, {"reason": "student"}),
        ("meeting", {}, {}),
        ("won", {"value": "12.500,50", "currency": "eur"}, {"value": 12500.5, "currency": "EUR"}),
        ("won", {"value": "", "currency": "EUR"}, {}),
        ("lost", {"reason": "price", "note": "Too dear"}, {"reason": "price", "note": "Too dear"}),
    ],
)
def test_each_kind_of_decision_is_stored_with_what_belongs_to_it(handed, rep, kind, fields, told):
    rep.open()

    assert rep.send(AT, kind, **fields) == 200

    [event] = made(handed)
    assert {**event.properties} == {"by": "rep.ann", "handoff": event.properties["handoff"], **told}
    assert event.properties["handoff"].startswith("warm_")


MISTAKES = [
    ("return", {"reason": "too-early", "until": "2020-01-01"}, "Not before: please"),
    ("return", {"reason": "tired", "until": ""}, "Reason: please"),
    ("lost", {"reason": "", "note": "keep this"}, "Reason: please"),
    ("won", {"value": "a lot", "currency": "EUR"}, "Value: please"),
    ("won", {"value": "1", "currency": "EURO"}, "Currency: please"),
    ("accept", {"note": "x" * 1_001}, "Note: at most"),
    ("maybe", {}, "please choose what you have decided"),
]


def test_an_error_in_a_form_names_the_field_and_keeps_what_was_typed(handed, rep, subtests):
    rep.open()
    for kind, fields, text in MISTAKES:
        with subtests.test(str(kind)[:40]):
            assert rep.send(AT, kind, **fields) == 400
            assert text.casefold() in rep.body.casefold()
            assert all(value in rep.body for value in fields.values() if kind != "maybe" and value != "tired")
            assert made(handed) == []


def test_the_second_of_two_reps_is_told_about_the_first_decision_and_may_decide_over_it(handed, rep):
    rep.open()
    second = Browser(rep.query["t"])
    second.cookies = dict(rep.cookies)
    second.open()
    rep.send(AT, "accept")

    assert second.send(AT + MINUTE, "lost", reason="price", note="They have chosen") == 409
    assert "another decision was made" in second.body
    assert "Accepted: Ann Weber" in second.body
    assert "They have chosen" in second.body
    assert second.send(AT + 2 * MINUTE, "lost", reason="price") == 200
    assert [event.name for event in made(handed)] == ["Lead Accepted", "Deal Lost"]


def test_a_lead_that_is_gone_leaves_a_page_without_it(handed, rep):
    rep.open()
    erase_lead("ripen", ["a:ann"], b"a" * 64)

    assert rep.open(AT + MINUTE) == 410
    assert reveals(rep) == []


def test_a_lead_that_has_withdrawn_its_consent_is_not_shown(handed, rep):
    handed.track(tracked("Consent Withdrawn", AT), at=AT)

    assert rep.open(AT + MINUTE) == 410
    assert ("withdrawn its consent" in rep.body, reveals(rep)) == (True, [])


def test_what_a_lead_typed_is_text_on_the_page(selling):
    site = selling()
    warm(
        site,
        region="south",
        company="<b>Bau</b>\u202egnp",
        jobTitle="javascript:alert(1)",
        website="https://evil.example",
    )
    rep = Browser(token_in(site.mails()[-1]))

    rep.open()

    assert "<b>" not in rep.answer["body"]
    assert "\u202e" not in rep.answer["body"]
    assert "<a " not in rep.answer["body"]


def test_the_link_of_the_mail_opens_the_form_that_it_names(rep):
    rep.query["d"] = "return"

    rep.open()

    assert re.search(r'<details name="decide" class="return" open>', rep.body)


def test_the_page_speaks_the_language_of_the_rep(selling):
    german = PEOPLE % ("{name: Ann Weber, address: ann.weber@example.com, languages: [de, en], capacity: 5}", TOM)
    site = selling(people=german)
    warm(site, region="south")
    rep = Browser(token_in(site.mails()[-1]))

    rep.open()

    assert 'lang="de"' in rep.body
    assert "Darf ich schreiben?" in rep.body
