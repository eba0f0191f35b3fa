import dataclasses
import email
import traceback
from email.policy import SMTP

import pytest
from botocore.exceptions import ClientError

from adapters.delivery import mailer
from ripen.errors import MailRefusedError, MailThrottledError
from ripen.messages.holds import Limit

SENDER = "hello@example.com"


class FakeSes:
    """Answers every mail the same way, and keeps what it was given."""

    def __init__(self, error=None):
        self.error = error
        self.mails = []

    def send_email(self, **mail):
        if self.error:
            raise self.error
        self.mails.append(mail)
        return {"MessageId": "1"}


@pytest.fixture
def ses(monkeypatch):
    fake = FakeSes()
    monkeypatch.setattr(mailer, "reconnected", lambda _service: fake)
    return fake


def built(recipient, name="Jürgen"):
    mail = mailer.Rendered(f"Hello {name}", f"<p>Grüße, {name}</p>", f"Grüße, {name}")
    return mailer.build(mail, mailer.Envelope(SENDER, recipient))


def test_a_mail_is_sent_as_ascii_and_decodes_to_the_original_text():
    mime = built("ada@example.com")

    read = email.message_from_bytes(mime, policy=SMTP)
    assert mime.isascii()
    assert read["Subject"] == "Hello Jürgen"
    assert read.get_body(("plain",)).get_content().strip() == "Grüße, Jürgen"
    assert read.get_body(("html",)).get_content().strip() == "<p>Grüße, Jürgen</p>"


def test_an_internationalized_domain_is_sent_as_punycode(ses):
    mailer.send(built("info@müller.example"), SENDER, "info@müller.example", "set", {})

    [mail] = ses.mails
    assert mail["Destination"] == {"ToAddresses": ["info@xn--mller-kva.example"]}
    assert b"To: info@xn--mller-kva.example\r\n" in mail["Content"]["Raw"]["Data"]


@pytest.mark.parametrize(
    "address", ["jürgen@example.com", "nobody", "a@b@example.com", "a@example.com\nBcc: b@example.com"]
)
def test_an_address_that_ses_cannot_take_is_refused(address):
    with pytest.raises(MailRefusedError):
        built(address)


def test_invalid_unicode_of_a_visitor_does_not_stop_the_mail():
    template = mailer.MailTemplate(subject="Hello {{ name }}", html="<p>{{ name }}</p>", text="{{ name }}")

    rendered = mailer.render(template, {"name": "\ud800Ada"})

    assert rendered == mailer.Rendered("Hello ?Ada", "<p>?Ada</p>", "?Ada")


def test_a_logged_failure_never_names_the_recipient(ses):
    message = "not authorized on arn:aws:ses:eu-central-1:1:identity/ada@example.com"
    ses.error = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403}},
        "SendEmail",
    )

    with pytest.raises(MailThrottledError) as error:
        mailer.send(built("ada@example.com"), SENDER, "ada@example.com", "set", {})

    assert message not in "".join(traceback.format_exception(error.value))


def failure(code, message="no", status=400):
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendEmail"
    )


def limit_of(error, ses, recipient="ada@example.com"):
    """The limit that the mailer reads in an error of SES."""
    ses.error = error
    with pytest.raises(MailThrottledError) as raised:
        mailer.send(b"mail", SENDER, recipient, "set", {})
    return raised.value.limit


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("TooManyRequestsException", Limit.RATE),
        ("LimitExceededException", Limit.QUOTA),
        ("SendingPausedException", Limit.PAUSED),
        ("AccountSuspendedException", Limit.PAUSED),
        ("MailFromDomainNotVerifiedException", Limit.SENDER),
        ("NotFoundException", Limit.SETUP),
        ("AccessDeniedException", Limit.SETUP),
        ("SomethingNewException", Limit.OTHER),
    ],
)
def test_an_error_of_ses_names_its_limit(ses, code, limit):
    assert limit_of(failure(code), ses) is limit


@pytest.mark.parametrize(
    ("message", "limit"),
    [("Maximum sending rate exceeded.", Limit.RATE), ("Daily message quota exceeded.", Limit.QUOTA)],
)
@pytest.mark.parametrize("code", ["ThrottlingException", "TooManyRequestsException"])
def test_a_throttled_mail_tells_the_rate_from_the_daily_quota(ses, code, message, limit):
    assert limit_of(failure(code, message, 429), ses) is limit


NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: "


@pytest.mark.parametrize(
    "named",
    [
        SENDER,
        "Ripen <hello@example.com>",
        "example.com",
        "arn:aws:ses:eu-central-1:1:identity/example.com",
        f"{SENDER}, ada@example.com",
    ],
)
def test_a_sender_that_is_not_verified_any_more_is_no_refusal_of_the_mail(ses, named):
    assert limit_of(failure("MessageRejected", NOT_VERIFIED + named), ses) is Limit.SENDER


@pytest.mark.parametrize(
    "message",
    [f"{NOT_VERIFIED}ada@example.com", f"{NOT_VERIFIED}Ada@Example.com", "Transaction failed: virus found"],
)
def test_a_recipient_or_content_that_ses_does_not_take_is_refused(ses, message):
    ses.error = failure("MessageRejected", message)

    with pytest.raises(MailRefusedError):
        mailer.send(b"mail", SENDER, "ada@example.com", "set", {})


FULL = mailer.Envelope(
    sender=SENDER,
    recipient="ada@example.com",
    from_name="Jürgen von Ripen",
    reply_to="sales@example.com",
    language="de",
    unsubscribe_url="https://go.example/v1/unsubscribe?t=" + "x" * 300,
    automatic=True,
)


def headers(envelope):
    """The lines of the headers as they are handed to SES; folded ones are one line."""
    mime = mailer.build(mailer.Rendered("Hello", "<p>x</p>", "x"), envelope)
    return mime.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").split(b"\r\n")


def test_the_headers_are_those_that_mail_programs_require():
    told = headers(FULL)

    assert told[:2] == [
        b"List-Unsubscribe: <https://go.example/v1/unsubscribe?t=" + b"x" * 300 + b">",
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ]
    kind, *others = sorted(told[2:])
    assert kind.startswith(b"Auto-Submitted: auto-generated")
    assert others[0] == b"Content-Language: de"
    assert others[1].startswith(b"Content-Type: multipart/alternative; boundary=")
    assert others[2:] == [
        b"From: =?utf-8?q?J=C3=BCrgen?= von Ripen <hello@example.com>",
        b"MIME-Version: 1.0",
        b"Reply-To: sales@example.com",
        b"Subject: Hello",
        b"To: ada@example.com",
    ]


def test_a_long_link_to_unsubscribe_stays_on_one_line():
    mime = mailer.build(mailer.Rendered("Hello", "<p>x</p>", "x"), FULL)

    assert b"List-Unsubscribe: <" + FULL.unsubscribe_url.encode() + b">\r\n" in mime


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\x85", "\0\r\n", "=?utf-8?q?=0D=0A?="])
@pytest.mark.parametrize("field", ["from_name", "reply_to", "language", "unsubscribe_url", "sender", "recipient"])
def test_no_value_adds_a_header(field, break_):
    value = f"x@example.com{break_}Bcc: victim@other.example{break_}{break_}Body"

    try:
        found = headers(dataclasses.replace(FULL, **{field: value}))
    except MailRefusedError:
        return

    names = [line.partition(b":")[0] for line in found]
    assert len(names) == len(headers(FULL))
    assert b"Bcc" not in names
