"""Typed values appear in no mail to an unproven address, and make no mail too long."""

from __future__ import annotations

import pytest

from adapters.delivery import mailer
from integration.people import ANN, LINKING, enough, of_user, told_by_server
from ripen.times import DAY, HOUR, SECOND
from ripen_cli.project import RULES, rule_files
from stories import START, identified, tracked

EVIL = "Your account was hacked log in at once"
GREETING = """<mj-title>For {{ lead.name or "you" }} of {{ lead.company or "your company" }}</mj-title>
<mj-text>{% for key, value in lead.traits.items() %}{{ key }}: {{ value }} {% endfor %}</mj-text>
<mj-text>Hello {{ lead.first_name or "there" }}, {{ lead.traits.role | default("dear visitor") }}</mj-text>"""


@pytest.fixture
def greeting(site, rule_files):
    """A deployment whose mail prints everything known of a lead."""
    told = {"mails/workshop-agenda/en.mjml": GREETING.encode()}
    report = site.publish({**rule_files, **LINKING, **told, "mails/workshop-agenda/en.txt": b"-"}, 0)
    assert report["activated"], report["problems"]
    return site


def parts(mail):
    return mail["Subject"], *(mail.get_body((kind,)).get_content() for kind in ("plain", "html"))


def proven(site, **traits):
    told_by_server(site, of_user("u-1", identified(START, email=ANN, **traits)), at=START)
    events = [of_user("u-1", one) for one in enough("ann", START + HOUR)]
    told_by_server(site, *events, at=START + HOUR)
    [mail] = site.mails()
    return mail


@pytest.mark.parametrize("ask", ["Newsletter Requested", "Signed Up"])
def test_words_typed_by_a_stranger_appear_in_no_mail(site, ask):
    assert site.publish(rule_files(RULES), 0)["activated"]
    names = ("salutation", "academicTitle", "firstName", "lastName", "name", "company", "role", "title")
    typed = dict.fromkeys(names, EVIL)
    asks = tracked(ask, START, asset="workshop", newsletter="yes", note=EVIL)
    site.live(identified(START - SECOND, email=ANN, **typed), asks, *enough("ann"), at=START)

    [mail] = site.mails()
    assert "hacked" not in mail.as_string()
    assert all("hacked" not in part for part in parts(mail))


def test_an_unproven_address_gets_the_defaults(greeting):
    greeting.live(
        identified(START, email=ANN, name="Ann Lee", company="Bananas", role="chef"), *enough("ann"), at=START
    )

    [mail] = greeting.mails()
    subject, _, page = parts(mail)
    assert subject == "For you of your company"
    assert "Hello there, dear visitor" in page
    assert "chef" not in page


def test_a_proven_address_gets_its_names(greeting):
    subject, _, page = parts(proven(greeting, name="Ann Lee", company="Bananas & Co. 2", role="chef"))
    assert subject == "For Ann Lee of Bananas & Co. 2"
    assert "Hello Ann, chef" in page


@pytest.mark.parametrize("typed", ["evil.example", "https://evil.example/x", "Ann\r\nBcc: b@example.com", "<b>Ann</b>"])
def test_text_that_does_not_look_like_a_name_is_replaced_by_the_default(greeting, typed):
    mail = proven(greeting, name=typed, firstName=typed, company=typed)
    assert parts(mail)[0] == "For you of your company"
    assert "Hello there" in parts(mail)[2]
    assert mail["Bcc"] is None


def test_traits_do_not_make_a_mail_too_long(greeting):
    long = {f"trait{n}": "<" * 290 for n in range(90)}
    mail = proven(greeting, name="Ann Lee", role="chef", **long)
    assert len(mail.as_bytes()) < mailer.MAX_BYTES
    assert parts(mail)[0] == "For you of your company"  # with all of that it would have been too long
    assert "trait7" not in parts(mail)[2]


def test_a_long_value_is_cut(greeting):
    mail = proven(greeting, role="A" * 20_000)
    assert "A" * 299 + "…" in parts(mail)[2]
    assert "A" * 301 not in parts(mail)[2]
    assert len(mail.as_bytes()) < mailer.MAX_BYTES


def test_repeated_requests_over_days_print_no_typed_word(site):
    assert site.publish(rule_files(RULES), 0)["activated"]
    for day in range(4):
        at = START + day * (DAY + HOUR)
        asks = tracked("Newsletter Requested", at)
        site.live(identified(at - SECOND, email=ANN, firstName=EVIL), asks, at=at)
    assert len(site.mails()) == 3
    assert [mail for mail in site.mails() if "hacked" in mail.as_string()] == []
