import email
import traceback
from email.policy import SMTP

import pytest
from botocore.exceptions import ClientError

from adapters import mailer
from ripen.errors import MailRefusedError, MailThrottledError

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
    monkeypatch.setattr(mailer, "client", lambda _service: fake)
    return fake


def built(recipient, name="Jürgen"):
    mail = mailer.Rendered(f"Hello {name}", f"<p>Grüße, {name}</p>", f"Grüße, {name}")
    return mailer.build(mail, mailer.Envelope(SENDER, recipient))


def test_a_mail_is_ascii_on_its_way_and_reads_as_it_was_written():
    mime = built("ada@example.com")

    read = email.message_from_bytes(mime, policy=SMTP)
    assert mime.isascii()
    assert read["Subject"] == "Hello Jürgen"
    assert read.get_body(("plain",)).get_content().strip() == "Grüße, Jürgen"
    assert read.get_body(("html",)).get_content().strip() == "<p>Grüße, Jürgen</p>"


def test_a_domain_with_umlauts_gets_its_mail(ses):
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


def test_broken_text_from_a_visitor_does_not_stop_her_mail():
    template = mailer.MailTemplate(subject="Hello {{ name }}", html="<p>{{ name }}</p>", text="{{ name }}")

    rendered = mailer.render(template, {"name": "\ud800Ada"})

    assert rendered == mailer.Rendered("Hello ?Ada", "<p>?Ada</p>", "?Ada")


def test_what_is_logged_of_a_failure_never_names_the_recipient(ses):
    message = "not authorized on arn:aws:ses:eu-central-1:1:identity/ada@example.com"
    ses.error = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403}},
        "SendEmail",
    )

    with pytest.raises(MailThrottledError) as error:
        mailer.send(built("ada@example.com"), SENDER, "ada@example.com", "set", {})

    assert message not in "".join(traceback.format_exception(error.value))
