"""One mail: rendered in a sandbox, built by the standard library, handed to SES exactly once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from email_validator import EmailNotValidError, validate_email
from jinja2 import TemplateError

from adapters.mail.jinja import compiled
from adapters.mail.links import Links, Tracking
from adapters.runtime.clients import client, error_code
from ripen.config.configuration import MailTemplate
from ripen.errors import MailOutcomeUnknownError, MailRefusedError, MailTemplateError, MailThrottledError
from ripen.leads.lead import Lead
from ripen.messages.display_names import shown_traits
from ripen.messages.mail_context import MailContext

MAX_BYTES = 102 * 1024
"""Gmail cuts off what is longer. No mail is because of what a lead typed."""

_ASCII = SMTP.clone(cte_type="7bit")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_BLANK_LINES = re.compile(r"\n{3,}")
_ADDRESS_OF_A_PAGE = re.compile(r"https?://[!-;=?-~]{1,900}")
_SENDER_ID = "ripen"
_REFUSED = ("MessageRejected", "BadRequestException", "ValidationException")


class Rendered(NamedTuple):
    """A mail for one lead."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands in the headers of one mail. `sender` is the verified address, `language` two small letters.

    `unsubscribe_url` is where mail programs POST for their users (RFC 8058); a mail without one says no such thing.
    `feedback` are up to three names under which mailbox providers count complaints. `automatic` mails answer to
    something that the lead did, and want no answer of a machine (RFC 3834).
    """

    sender: str
    recipient: str
    from_name: str = ""
    reply_to: str = ""
    language: str = ""
    unsubscribe_url: str = ""
    feedback: tuple[str, ...] = ()
    automatic: bool = False


def envelope(letter: MailContext, links: Links, sender: str, recipient: str) -> Envelope:
    """The envelope of a letter."""
    return Envelope(
        sender=sender,
        recipient=recipient,
        from_name=letter.from_name,
        reply_to=letter.reply_to,
        language=letter.language,
        unsubscribe_url=links.unsubscribe_url,
        feedback=(letter.campaign, letter.step, letter.category),
        automatic=letter.transactional,
    )


def facts(
    lead: Lead, letter: MailContext, links: Links, token: str = "", content: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What a template may use: `lead`, `mail` and `content`, and what is added to its links.

    `token` is `lead.token`, for links: whoever follows one proves to read this mailbox. A name that nobody
    told whom one can believe, or that does not look like one, is empty, never undefined; `lead.traits` has the others,
    each bounded.
    `content` has kind, title, text and link.
    """
    traits = shown_traits(lead.known_traits)
    name = _text(traits, "name") or f"{_text(traits, 'firstName')} {_text(traits, 'lastName')}".strip()
    utm = {"utm_source": "ripen", "utm_medium": "email", "utm_campaign": letter.campaign, "utm_content": letter.step}
    return {
        "lead": {
            "name": name,
            "first_name": _text(traits, "firstName") or name.partition(" ")[0],
            "company": _text(traits, "company"),
            "phase": lead.phase,
            "score": {profile: round(lead.score(profile), 1) for profile in lead.scores},
            "token": token,
            "traits": traits,
        },
        "mail": links.values()
        | {
            "language": letter.language,
            "reason": letter.reason,
            "imprint": letter.imprint,
            "from_name": letter.from_name,
        },
        "content": content,
        "tracking": Tracking(utm, token, letter.sites, f"{links.public_url}/v1/"),
    }


def render(template: MailTemplate, values: Mapping[str, Any]) -> Rendered:
    """Fill a template. Raises MailTemplateError for an unknown variable or anything that the sandbox forbids."""
    try:
        subject = _sendable(compiled(template.subject, html=False).render(values))
        html = _sendable(compiled(template.html, html=True).render(values))
        text = _sendable(compiled(template.text, html=False).render(values))
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise MailTemplateError(f"{type(error).__name__}: {error}") from None
    return Rendered(" ".join(subject.split()), html, _BLANK_LINES.sub("\n\n", text))


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


def build(mail: Rendered, envelope: Envelope) -> bytes:
    """The MIME bytes: text and HTML. Raises MailRefusedError for what no header may carry."""
    message = EmailMessage(policy=_ASCII)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    # One that cannot stand in what it is made of; the standard library would search all of it for a random one.
    message.set_boundary(sha256(mail.html.encode()).hexdigest())
    try:
        message["From"] = Address(_header(envelope.from_name), addr_spec=envelope.sender)
        message["To"] = Address(addr_spec=deliverable(envelope.recipient))
        if envelope.reply_to:
            message["Reply-To"] = Address(addr_spec=deliverable(envelope.reply_to))
        message["Subject"] = _header(mail.subject)
        if envelope.language:
            message["Content-Language"] = _header(envelope.language)
        if envelope.automatic:
            message["Auto-Submitted"] = "auto-generated"
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefusedError(f"a header is not possible: {type(error).__name__}") from None
    return _unfolded(envelope) + message.as_bytes()


def _unfolded(envelope: Envelope) -> bytes:
    """Headers that have to stay on one line: the standard library would break a long link, or encode it."""
    lines = []
    if envelope.unsubscribe_url:
        if not _ADDRESS_OF_A_PAGE.fullmatch(envelope.unsubscribe_url):
            raise MailRefusedError("a header is not possible: the unsubscribe link is no link")
        lines.append(f"List-Unsubscribe: <{envelope.unsubscribe_url}>")
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    if envelope.feedback:
        names = (re.sub(r"[^A-Za-z0-9._-]", "-", name)[:63] for name in (*envelope.feedback, "", "", "")[:3])
        lines.append(f"Feedback-ID: {':'.join(names)}:{_SENDER_ID}")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _header(text: str) -> str:
    """One line without "encoded words" (RFC 2047).

    The standard library decodes those that it finds in a value, with line breaks in them: what a visitor typed as a
    name could otherwise end the headers and write a mail of its own.
    """
    return " ".join(_sendable(text).split()).replace("=?", "= ?")


def send(mime: bytes, sender: str, recipient: str, configuration_set: str, tags: Mapping[str, str]) -> str:
    """Hand a mail to SES, in one attempt; its message id.

    SES repeats the tags in everything that it reports about the mail later; without a configuration set (empty) it
    reports nothing. Raises MailThrottledError (not
    sent, may be repeated), MailRefusedError (not sent, hopeless) and MailOutcomeUnknownError (never to be repeated).
    They carry the code of SES's answer only, because its text may name the recipient.
    """
    try:
        answer = client("sesv2").send_email(
            FromEmailAddress=sender,
            Destination={"ToAddresses": [deliverable(recipient)]},
            Content={"Raw": {"Data": mime}},
            **({"ConfigurationSetName": configuration_set} if configuration_set else {}),
            EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
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
