"""A form on a German page, from the tracking call to the mail: its sender, greeting and pages are in German."""

from __future__ import annotations

import pytest

from integration.people import ANN, SOURCES, of_user, told_by_server
from ripen.times import HOUR, SECOND
from ripen_cli.project import RULES, rule_files
from stories import START, YES, identified, tracked


@pytest.fixture
def starter(site):
    """A deployment with the starter rules and a server that may send events."""
    report = site.publish(rule_files(RULES) | {"rules/sources.yaml": SOURCES.encode()}, 0)
    assert report["activated"], report["problems"]
    return site


def form(locale, **traits):
    """A form that a page in this language sent, seen in an English browser."""
    told = identified(START - SECOND, email=ANN, **traits)
    told["context"] = YES | {"form": True, "locale": locale}
    asked = tracked("Signed Up", START, asset="workshop")
    asked["context"] = YES | {"locale": "en-US"}
    return told, asked


def body(mail):
    return mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("locale", "sender", "subject", "greeting"),
    [
        ("de", "Ihr Tallyfern-Team", "Ihr Workshop: die Agenda", "Guten Tag,"),
        ("en", "The Tallyfern team", "Your workshop: the agenda", "Hello,"),
    ],
)
def test_a_form_is_answered_in_its_language_without_a_typed_name(starter, locale, sender, subject, greeting):
    starter.live(*form(locale, salutation="Frau", academicTitle="Dr.", firstName="Mara", lastName="Weber"), at=START)

    [mail] = starter.mails()
    assert mail["From"].addresses[0].display_name == sender
    assert (mail["Subject"], mail["Content-Language"]) == (subject, locale)
    assert greeting in body(mail).splitlines()
    assert f"&lang={locale}" in mail["List-Unsubscribe"]
    assert "Weber" not in mail.as_string()


@pytest.mark.parametrize(
    ("known", "greeting"),
    [
        ({"salutation": "Frau", "academicTitle": "Dr. med.", "lastName": "Weber"}, "Guten Tag Frau Dr. Weber,"),
        ({"salutation": "None", "lastName": "Weber"}, "Guten Tag,"),
        ({"lastName": None, "salutation": "Frau"}, "Guten Tag,"),
    ],
)
def test_a_customer_is_greeted_by_what_the_server_knows(starter, known, greeting):
    told_by_server(
        starter, of_user("u-1", identified(START, email=ANN, language="de", firstName="Mara", **known)), at=START
    )
    asked = tracked("Signed Up", START + HOUR, asset="workshop")
    told_by_server(starter, of_user("u-1", asked), at=START + HOUR)

    [mail] = starter.mails()
    assert greeting in body(mail).splitlines()
    assert "Mara" not in mail.as_string()
