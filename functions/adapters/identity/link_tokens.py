"""Tokens in the links of mails: whoever follows one has read the mailbox that the mail went to.

Signed by itsdangerous under a key of the deployment, so that nobody else can make one. A token names a subject and the
digest of an address; it holds no address. One for a page of Ripen also names the mail, and holds for ever: whoever
finds an old mail can still unsubscribe. Neither is taken for the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from ripen.leads.suppression import shortened
from ripen.times import DAY, SECOND

MAX_AGE = 90 * DAY
"""Milliseconds for which a link proves something: mails are read late, and forwarded later still."""

JOIN_AGE = 30 * DAY
"""Milliseconds for which a link joins the browser in which it is followed to the lead."""

_SALT = b"ripen link of a mail"
_PAGE_SALT = b"ripen page behind a mail"
_EARLY = DAY
"""A token may be this much younger than the moment at which it came: clocks differ."""


class Token(NamedTuple):
    """The subject that the mail was for, the beginning of the key of the address it went to, and its age (ms)."""

    subject: str
    digest: str
    age: int

    @property
    def may_join(self) -> bool:
        """True while the link is fresh enough to make a browser part of the lead that was mailed."""
        return self.age <= JOIN_AGE

    def is_for(self, address_key: str) -> bool:
        """Whether this is the address that the mail went to."""
        return bool(address_key) and shortened(address_key) == self.digest


class PageToken(NamedTuple):
    """The subject and the intent of a mail, and the beginning of the key of the address it went to."""

    subject: str
    digest: str
    intent: str


class _Signer(TimestampSigner):
    """Signs with the time that it is given instead of a clock's; `now` is in milliseconds."""

    def __init__(self, *arguments: object, now: int = 0, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self.now = now

    def get_timestamp(self) -> int:
        return self.now // SECOND


def issue(keys: Sequence[bytes], subject: str, address_key: str, now: int) -> str:
    """A token for a mail to `subject` under the last of `keys`, for the query of a link."""
    return _signed(_serializer(keys, now), [subject, shortened(address_key)])


def read(keys: Sequence[bytes], text: str, at: int) -> Token | None:
    """What a token says that was received at `at`; None when it is not ours or was too old then."""
    try:
        (subject, digest), signed = _serializer(keys, at).loads(text, return_timestamp=True)
    except (BadData, ValueError, TypeError):
        return None
    age = at - int(signed.timestamp() * SECOND)
    return Token(subject, digest, age) if -_EARLY <= age <= MAX_AGE else None


def issue_page(keys: Sequence[bytes], subject: str, address_key: str, intent: str, now: int) -> str:
    """A token for the links of the mail `intent` to pages of Ripen, under the last of `keys`."""
    return _signed(_serializer(keys, now, _PAGE_SALT), [subject, shortened(address_key), intent])


def read_page(keys: Sequence[bytes], text: str) -> PageToken | None:
    """What such a token says, however old it is; None when it is not ours."""
    try:
        subject, digest, intent = _serializer(keys, 0, _PAGE_SALT).loads(text)
    except (BadData, ValueError, TypeError):
        return None
    return PageToken(subject, digest, intent)


def _signed(serializer: URLSafeTimedSerializer, payload: Sequence[str]) -> str:
    made = serializer.dumps(payload)
    return made if isinstance(made, str) else made.decode()


def _serializer(keys: Sequence[bytes], now: int, salt: bytes = _SALT) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer([*keys], salt=salt, signer=_Signer, signer_kwargs={"now": now})
