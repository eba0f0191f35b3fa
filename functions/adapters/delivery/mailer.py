"""One mail: rendered in a sandbox, built with the standard library, passed to SES in a single attempt."""

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
from adapters.runtime.clients import error_code, reconnected
from ripen.config.configuration import MailTemplate
from ripen.errors import MailOutcomeUnknownError, MailRefusedError, MailTemplateError, MailThrottledError
from ripen.leads.lead import Lead
from ripen.messages.display_names import shown_traits
from ripen.messages.holds import Limit
from ripen.messages.mail_context import MailContext
from ripen.messages.salutation import formal_name, salutation

MAX_BYTES = 102 * 1024
"""Gmail clips longer mails. Text that a lead typed is bounded, so it makes no mail longer than this."""

_ASCII = SMTP.clone(cte_type="7bit")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_BLANK_LINES = re.compile(r"\n{3,}")
_ADDRESS_OF_A_PAGE = re.compile(r"https?://[!-;=?-~]{1,900}")
_REFUSED = ("MessageRejected", "BadRequestException", "ValidationException")
_NOT_VERIFIED = "failed the check in region"
_DAILY = "Daily message quota exceeded"
_LIMITS = {
    "TooManyRequestsException": Limit.RATE,
    "ThrottlingException": Limit.RATE,
    "LimitExceededException": Limit.QUOTA,
    "SendingPausedException": Limit.PAUSED,
    "AccountSuspendedException": Limit.PAUSED,
    "MailFromDomainNotVerifiedException": Limit.SENDER,
    "NotFoundException": Limit.SETUP,  # the configuration set
    "AccessDeniedException": Limit.SETUP,
    "NotAuthorized": Limit.SETUP,
    "OptInRequired": Limit.SETUP,
    "UnrecognizedClientException": Limit.SETUP,
}
"""Error codes of SES that say nothing against the mail itself.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html and CommonErrors.html there.
"""


class Rendered(NamedTuple):
    """A mail rendered for one lead."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """The header values of one mail. `sender` is the verified address, `language` a code of two lowercase letters.

    `unsubscribe_url` is where mail programs POST for their users (RFC 8058); if it is empty, the mail has no
    List-Unsubscribe header. An `automatic` mail responds to an action of the lead and asks for no automatic reply
    (RFC 3834).
    """

    sender: str
    recipient: str
    from_name: str = ""
    reply_to: str = ""
    language: str = ""
    unsubscribe_url: str = ""
    automatic: bool = False


def envelope(context: MailContext, links: Links, sender: str, recipient: str) -> Envelope:
    """The envelope of a mail with this mail context."""
    return Envelope(
        sender=sender,
        recipient=recipient,
        from_name=context.from_name,
        reply_to=context.reply_to,
        language=context.language,
        unsubscribe_url=links.unsubscribe_url,
        automatic=context.transactional,
    )


def facts(
    lead: Lead, context: MailContext, links: Links, token: str = "", content: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The variables of a template: `lead`, `mail`, `content`, and `tracking`, which adds parameters to links.

    `token` becomes `lead.token`. A visitor who follows a link with it proves access to the mailbox. A name from an
    untrusted source, or one that does not look like a name, is empty, never undefined; `lead.salutation` then has no
    name. `lead.traits` holds the shown traits, each bounded in length. `content` has kind, title, text and link.
    """
    traits = shown_traits(lead.known_traits)
    name = _text(traits, "name") or f"{_text(traits, 'firstName')} {_text(traits, 'lastName')}".strip()
    utm = {"utm_source": "ripen", "utm_medium": "email", "utm_campaign": context.campaign, "utm_content": context.step}
    return {
        "lead": {
            "name": name,
            "first_name": _text(traits, "firstName") or name.partition(" ")[0],
            "company": _text(traits, "company"),
            "formal_name": formal_name(traits, context.language),
            "salutation": salutation(traits, context.language),
            "phase": lead.phase,
            "score": {profile: round(lead.score(profile), 1) for profile in lead.scores},
            "token": token,
            "traits": traits,
        },
        "mail": links.values()
        | {
            "language": context.language,
            "reason": context.reason,
            "imprint": context.imprint,
            "from_name": context.from_name,
            "scale_low": context.scale_low,
            "scale_high": context.scale_high,
        },
        "content": content,
        "tracking": Tracking(utm, token, context.sites, f"{links.public_url}/v1/"),
    }


def render(template: MailTemplate, values: Mapping[str, Any]) -> Rendered:
    """Render a template. Raises MailTemplateError for an unknown variable or anything that the sandbox forbids."""
    try:
        subject = _sendable(compiled(template.subject, html=False).render(values))
        html = _sendable(compiled(template.html, html=True).render(values))
        text = _sendable(compiled(template.text, html=False).render(values))
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise MailTemplateError(f"{type(error).__name__}: {error}") from None
    return Rendered(" ".join(subject.split()), html, _BLANK_LINES.sub("\n\n", text))


def deliverable(address: str) -> str:
    """The ASCII form of an address, as SES requires it: an international domain is in Punycode.

    Source: https://docs.aws.amazon.com/ses/latest/dg/send-email-raw.html. Raises MailRefusedError for an address that
    is not valid or has no ASCII form.
    """
    try:
        ascii_form = validate_email(address, check_deliverability=False).ascii_email
    except EmailNotValidError as error:
        raise MailRefusedError(f"the address is not valid: {type(error).__name__}") from None
    if ascii_form is None:
        raise MailRefusedError("the address has characters before the @ that SES does not accept")
    return ascii_form


def build(mail: Rendered, envelope: Envelope) -> bytes:
    """The MIME bytes of a mail with text and HTML. Raises MailRefusedError for a value that no header may carry."""
    message = EmailMessage(policy=_ASCII)
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    # A part cannot contain its own digest; the standard library would search both parts for a random boundary.
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
        raise MailRefusedError(f"a header is not valid: {type(error).__name__}") from None
    return _unfolded(envelope) + message.as_bytes()


def _unfolded(envelope: Envelope) -> bytes:
    """Headers that must stay on one line: the standard library would fold or encode a long link."""
    lines = []
    if envelope.unsubscribe_url:
        if not _ADDRESS_OF_A_PAGE.fullmatch(envelope.unsubscribe_url):
            raise MailRefusedError("a header is not valid: the unsubscribe link is not a URL")
        lines.append(f"List-Unsubscribe: <{envelope.unsubscribe_url}>")
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _header(text: str) -> str:
    """The text as one line without "encoded words" (RFC 2047).

    The standard library decodes encoded words in a value, including line breaks. A visitor could otherwise type a name
    that ends the headers and injects a mail body.
    """
    return " ".join(_sendable(text).split()).replace("=?", "= ?")


def send(mime: bytes, sender: str, recipient: str, configuration_set: str, tags: Mapping[str, str]) -> str:
    """Pass a mail to SES in one attempt, and return its message id.

    SES repeats the tags in its later events about the mail. Without a configuration set (empty) it sends no events.
    Raises MailThrottledError (not sent, a retry may succeed; its `limit` tells when), MailRefusedError (not sent, a
    retry cannot succeed) and MailOutcomeUnknownError (perhaps sent, must not be retried).
    """
    try:
        answer = reconnected("sesv2").send_email(
            FromEmailAddress=sender,
            Destination={"ToAddresses": [deliverable(recipient)]},
            Content={"Raw": {"Data": mime}},
            **({"ConfigurationSetName": configuration_set} if configuration_set else {}),
            EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
        )
    except ClientError as error:
        # The error text of SES may name the recipient, so errors and logs carry only its code.
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500:
            raise MailOutcomeUnknownError(error_code(error)) from None
        limit = _limit(error, recipient)
        if limit is None:
            raise MailRefusedError(error_code(error)) from None
        raise MailThrottledError(error_code(error), limit) from None
    except (ConnectTimeoutError, EndpointConnectionError) as error:
        raise MailThrottledError(type(error).__name__, Limit.UNREACHABLE) from None
    except BotoCoreError as error:
        raise MailOutcomeUnknownError(type(error).__name__) from None
    return str(answer["MessageId"])


def _limit(error: ClientError, recipient: str) -> Limit | None:
    """The limit that an error names; None if SES refuses this mail."""
    code, told = error_code(error), str(error.response.get("Error", {}).get("Message", ""))
    if code == "MessageRejected" and _NOT_VERIFIED in told:
        return Limit.SENDER if _names_sender(told, recipient) else None
    if code in _REFUSED:
        return None
    return Limit.QUOTA if _DAILY in told else _LIMITS.get(code, Limit.OTHER)


def _names_sender(told: str, recipient: str) -> bool:
    """True if a text about identities that are not verified names another one than the recipient.

    SES has one code for both and lists the identities at the end of the text: of senders, and in its sandbox of
    recipients. Source: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
    """
    named = told.rpartition(": ")[2].casefold().split(", ")
    return any(one.strip(" .") not in {recipient.casefold(), deliverable(recipient).casefold()} for one in named)


def _sendable(text: str) -> str:
    """The text without control characters, and with `?` for lone surrogates."""
    return _CONTROLS.sub("", text).encode("utf-8", "replace").decode()


def _text(traits: Mapping[str, Any], key: str) -> str:
    value = traits.get(key)
    return value.strip() if isinstance(value, str) else ""
