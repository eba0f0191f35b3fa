"""Hostile values that visitors type are plain text in the bytes of a mail."""

import json
from email import message_from_bytes, policy

import pytest

from adapters.delivery import mailer
from adapters.mail.links import Links
from ripen.config.configuration import Configuration, MailTemplate
from ripen.errors import MailRefusedError
from ripen.events.parsing import parse_event
from ripen.events.sources import NO_SOURCES
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.messages.mail_context import MailContext
from ripen.storage.ledger import event_items, read_events

RECEIVED = 1_795_255_200_000
RULES = compile_rules(
    Configuration.model_validate(
        {"profiles": {"p": {"rules": {"any": {"when": {"event": "Identified"}, "points": 5}}}}, "phases": {"new": {}}}
    ),
    "1",
)
LETTER = MailContext("welcome", "hello", "hello", "en")
LINKS = Links("https://track.example", "page-token")
NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% for x in range(9) %}x{% endfor %}{{ lead.__class__ }}",
    "Ada\r\nBcc: victim@other.example\r\n\r\nBody",
    "=?utf-8?q?=0D=0ABcc:_victim@other.example=0D=0A=0D=0ABody?=",
    "=\0?utf-8?b?DQpCY2M6IHZpY3RpbUBvdGhlci5leGFtcGxl?=",
    "\u2028Bcc: victim@other.example\x85Cc: x",
    "\ud800\udc80\0\x1b[31m",
    "x" * 20_000,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_hostile_name_is_plain_text_in_a_mail(name):
    body = {"anonymousId": "visitor", "traits": {"firstName": name, "email": "ada@example.com"}}
    received = parse_event(json.loads(json.dumps(body)), "identify", NO_SOURCES.find("site"), RECEIVED)
    lead = fold("a:visitor", read_events(event_items([received], 30)), RULES, RECEIVED)
    template = MailTemplate(
        subject="Hi {{ lead.first_name }}!", html="<p>{{ lead.first_name }}</p>", text="{{ lead.first_name }}"
    )

    rendered = mailer.render(template, mailer.facts(lead, LETTER, LINKS))
    mail = message_from_bytes(
        mailer.build(rendered, mailer.Envelope("us@example.com", lead.address)), policy=policy.default
    )

    assert set(mail.keys()) == {"From", "To", "Subject", "MIME-Version", "Content-Type"}
    assert mail["To"] == "ada@example.com"
    assert mail["Subject"].strip().startswith("Hi ")
    assert mail["Subject"].endswith("!")
    html = mail.get_body(("html",)).get_content()
    assert html.startswith("<p>")
    assert html.count("<") == 2, "what the visitor typed holds no tags"
    assert "49" not in html
    assert "\0" not in mail.as_string()


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: x",
        "a@b.example\nBcc: x@other.example",
        "a@b.example, x@other.example",
        "<a@b.example>",
        "=?utf-8?q?a=0D=0ABcc:_x?=@b.example",
        "\ud800@b.example",
        "a\0@b.example",
        "",
    ],
)
def test_a_value_with_several_addresses_is_never_mailed(address):
    with pytest.raises(MailRefusedError):
        mailer.build(mailer.Rendered("Hi", "<p>Hi</p>", "Hi"), mailer.Envelope("us@example.com", address))
