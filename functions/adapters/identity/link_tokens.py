"""Signed tokens in mail links. A visitor who follows one has access to the mailbox that received the mail.

itsdangerous signs them with a key of the deployment. A token names a subject and the digest of an address, but holds no
address. A link token expires. A page token leads to a page of Ripen, also names the mail, and never expires, so that an
old mail can still unsubscribe. Different salts keep the kinds apart.

Links of colleagues are of two more kinds: one leads to the dossier of a lead, and one is the cookie of the device on
which a colleague opened it.
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
_DOSSIER_SALT = b"ripen dossier of a lead"
_DEVICE_SALT = b"ripen device of a colleague"
DOSSIER_AGE = 30 * DAY
"""Milliseconds for which a link to a dossier, and the cookie of a colleague's device, are valid."""
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


class DossierLink(NamedTuple):
    """A link to the dossier of a lead: its subject, the key of the colleague that it is for, and the intent.

    The key is that of `ripen.messages.colleagues`.
    """

    subject: str
    colleague: str
    intent: str


class Device(NamedTuple):
    """The device of a colleague, by a random id."""

    colleague: str
    id: str


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
    found = _read_signed(keys, text, at, _SALT, parts=2)
    return Token(found[0][0], found[0][1], found[1]) if found and found[1] <= MAX_AGE else None


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


def issue_dossier(keys: Sequence[bytes], link: DossierLink, now: int) -> str:
    """The token of a link to a dossier, signed with the last of `keys`."""
    return _signed(_serializer(keys, now, _DOSSIER_SALT), [*link])


def read_dossier(keys: Sequence[bytes], text: str, at: int) -> tuple[DossierLink, int] | None:
    """The link in `text` and its age at `at` (ms), which may be above DOSSIER_AGE; None if it is not signed."""
    found = _read_signed(keys, text, at, _DOSSIER_SALT, parts=3)
    return (DossierLink(*found[0]), found[1]) if found else None


def issue_device(keys: Sequence[bytes], device: Device, now: int) -> str:
    """The value of the cookie of a colleague's device."""
    return _signed(_serializer(keys, now, _DEVICE_SALT), [*device])


def read_device(keys: Sequence[bytes], text: str, at: int) -> Device | None:
    """The device in a cookie; None if it is not signed, or older than DOSSIER_AGE."""
    found = _read_signed(keys, text, at, _DEVICE_SALT, parts=2)
    return Device(*found[0]) if found and found[1] <= DOSSIER_AGE else None


def _read_signed(keys: Sequence[bytes], text: str, at: int, salt: bytes, *, parts: int) -> tuple[list[str], int] | None:
    """The `parts` of a token of one kind, and its age at `at` (ms); None if it is not signed or from the future."""
    try:
        payload, signed = _serializer(keys, at, salt).loads(text, return_timestamp=True)
    except (BadData, ValueError, TypeError):
        return None
    age = at - int(signed.timestamp() * SECOND)
    fits = isinstance(payload, list) and len(payload) == parts
    return (payload, age) if fits and age >= -_EARLY else None


def _signed(serializer: URLSafeTimedSerializer, payload: Sequence[str]) -> str:
    made = serializer.dumps(payload)
    return made if isinstance(made, str) else made.decode()


def _serializer(keys: Sequence[bytes], now: int, salt: bytes = _SALT) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer([*keys], salt=salt, signer=_Signer, signer_kwargs={"now": now})
