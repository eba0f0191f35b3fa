"""One mail: rendered in a sandbox, built by the standard library, handed to SES exactly once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from email_validator import EmailNotValidError, validate_email
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.aws import client, error_code
from ripen.configuration import MailTemplate
from ripen.errors import MailOutcomeUnknownError, MailRefusedError, MailTemplateError, MailThrottledError
from ripen.lead import Lead

_HTML = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
_TEXT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_ASCII = SMTP.clone(cte_type="7bit")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_REFUSED = ("MessageRejected", "BadRequestException", "ValidationException")


class Rendered(NamedTuple):
    """A mail for one lead."""

    subject: str
    html: str
    text: str


def facts(lead: Lead, token: str = "") -> dict[str, Any]:
    """What a template may use: `lead.first_name`, `lead.name`, `lead.company`, `lead.phase`, `lead.score.<profile>`.

    `token` is `lead.token`, for links: whoever follows one proves to read this mailbox. A name that the lead never gave
    is empty, never undefined; all of `lead.traits` is there too.
    """
    traits = lead.traits
    name = _text(traits, "name") or f"{_text(traits, 'firstName')} {_text(traits, 'lastName')}".strip()
    return {
        "lead": {
            "name": name,
            "first_name": _text(traits, "firstName") or name.partition(" ")[0],
            "company": _text(traits, "company"),
            "phase": lead.phase,
            "score": {profile: round(lead.score(profile), 1) for profile in lead.scores},
            "token": token,
            "traits": dict(traits),
        }
    }


def render(template: MailTemplate, values: Mapping[str, Any]) -> Rendered:
    """Fill a template. Raises MailTemplateError for an unknown variable or anything that the sandbox forbids."""
    try:
        subject = _sendable(_TEXT.from_string(template.subject).render(values))
        html = _sendable(_HTML.from_string(template.html).render(values))
        text = _sendable(_TEXT.from_string(template.text).render(values))
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise MailTemplateError(f"{type(error).__name__}: {error}") from None
    return Rendered(" ".join(subject.split()), html, text)


def deliverable(address: str) -> str:
    """The form of an address that SES takes: ASCII, with a domain of other letters in Punycode.

    Source: https://docs.aws.amazon.com/ses/latest/dg/send-email-raw.html. Raises MailRefusedError.
    """
    try:
        ascii_form = validate_email(address, check_deliverability=False).ascii_email
    except EmailNotValidError as error:
        raise MailRefusedError(f"the address is not possible: {type(error).__name__}") from None
    if ascii_form is None:
        raise MailRefusedError("the address has letters before the @ that SES does not take")
    return ascii_form


def build(mail: Rendered, sender: str, recipient: str) -> bytes:
    """The MIME bytes: text and HTML. Raises MailRefusedError for an address that no header may carry."""
    message = EmailMessage(policy=_ASCII)
    try:
        message["From"] = Address(addr_spec=sender)
        message["To"] = Address(addr_spec=deliverable(recipient))
        # The standard library decodes "encoded words" (RFC 2047) that it finds in a value, with line breaks in them:
        # what a visitor typed as a name could otherwise end the headers and write a mail of its own.
        message["Subject"] = mail.subject.replace("=?", "= ?")
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefusedError(f"a header is not possible: {type(error).__name__}") from None
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message.as_bytes()


def send(mime: bytes, sender: str, recipient: str, configuration_set: str, tags: Mapping[str, str]) -> str:
    """Hand a mail to SES, in one attempt; its message id.

    SES repeats the tags in everything that it reports about the mail later, and reports nothing where there is no
    configuration set. Raises MailThrottledError (not
    sent, may be repeated), MailRefusedError (not sent, hopeless) and MailOutcomeUnknownError (never to be repeated).
    They carry the code of SES's answer only, because its text may name the recipient.
    """
    reported = {"ConfigurationSetName": configuration_set} if configuration_set else {}
    try:
        answer = client("sesv2").send_email(
            FromEmailAddress=sender,
            Destination={"ToAddresses": [deliverable(recipient)]},
            Content={"Raw": {"Data": mime}},
            EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
            **reported,
        )
    except ClientError as error:
        # SES's own text may name the recipient, so nothing but its code goes on into logs.
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500:
            raise MailOutcomeUnknownError(error_code(error)) from None
        if error_code(error) in _REFUSED:
            raise MailRefusedError(error_code(error)) from None
        raise MailThrottledError(error_code(error)) from None
    except (ConnectTimeoutError, EndpointConnectionError) as error:
        raise MailThrottledError(type(error).__name__) from None
    except BotoCoreError as error:
        raise MailOutcomeUnknownError(type(error).__name__) from None
    return str(answer["MessageId"])


def _sendable(text: str) -> str:
    """Without what no mail may carry: control characters and halves of characters."""
    return _CONTROLS.sub("", text).encode("utf-8", "replace").decode()


def _text(traits: Mapping[str, Any], key: str) -> str:
    value = traits.get(key)
    return value.strip() if isinstance(value, str) else ""
