"""Signed tokens in mail links. A visitor who follows one has access to the mailbox that received the mail.

itsdangerous signs them with a key of the deployment. A token names a subject and the digest of an address, but holds no
address. A link token expires. A page token leads to a page of Ripen, also names the mail, and never expires, so that an
old mail can still unsubscribe. Different salts keep the two kinds apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from ripen.leads.suppression import shortened
from ripen.times import DAY, SECOND

MAX_AGE = 90 * DAY
"""Milliseconds for which a link token is valid: people read mails late and forward them later still."""

JOIN_AGE = 30 * DAY
"""Milliseconds for which a followed link merges the browser's subject into the lead."""

_SALT = b"ripen link of a mail"
_PAGE_SALT = b"ripen page behind a mail"
_EARLY = DAY
"""Milliseconds by which a token may be signed after it was received: clocks differ."""


class Token(NamedTuple):
    """A verified link token: the subject, the shortened key of the recipient's address, and the token's age (ms)."""

    subject: str
    digest: str
    age: int

    @property
    def may_join(self) -> bool:
        """True if the token is young enough to merge a browser's subject into the lead."""
        return self.age <= JOIN_AGE

    def is_for(self, address_key: str) -> bool:
        """True if the mail went to the address with this key."""
        return bool(address_key) and shortened(address_key) == self.digest


class PageToken(NamedTuple):
    """A verified page token: the subject, the shortened key of the recipient's address, and the mail's intent."""

    subject: str
    digest: str
    intent: str


class _Signer(TimestampSigner):
    """Signs with a given time instead of the clock's; `now` is in milliseconds."""

    def __init__(self, *arguments: object, now: int = 0, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self.now = now

    def get_timestamp(self) -> int:
        return self.now // SECOND


def issue(keys: Sequence[bytes], subject: str, address_key: str, now: int) -> str:
    """A link token for a mail to `subject`, signed with the last of `keys`. It goes into the query of a URL."""
    return _signed(_serializer(keys, now), [subject, shortened(address_key)])


def read(keys: Sequence[bytes], text: str, at: int) -> Token | None:
    """The link token in `text`, received at `at` (ms); None if its signature is not valid or it was too old."""
    try:
        (subject, digest), signed = _serializer(keys, at).loads(text, return_timestamp=True)
    except (BadData, ValueError, TypeError):
        return None
    age = at - int(signed.timestamp() * SECOND)
    return Token(subject, digest, age) if -_EARLY <= age <= MAX_AGE else None


def issue_page(keys: Sequence[bytes], subject: str, address_key: str, intent: str, now: int) -> str:
    """A page token for the links of the mail `intent`, signed with the last of `keys`."""
    return _signed(_serializer(keys, now, _PAGE_SALT), [subject, shortened(address_key), intent])


def read_page(keys: Sequence[bytes], text: str) -> PageToken | None:
    """The page token in `text`, at any age; None if its signature is not valid."""
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
