"""Event names that only some senders may use, compared in a normal form that covers all spellings.

Segment's clients write the same name as `Deal Won`, `deal_won`, `dealWon` or `deal-won`, and Unicode has many spellings
of each. Compatibility forms: https://www.unicode.org/reports/tr15/ (NFKD).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate

from ripen.events.event import OUTCOMES

OWN, SERVER = "own", "server"
"""The senders that may use a reserved name: OWN is Ripen alone, SERVER is Ripen and registered servers."""

_OWN_FIRST_WORDS = frozenset({"email", "lead", "phase"})
_OWN_EVENTS = ("Unsubscribed", *OUTCOMES)
_SERVER_FIRST_WORDS = frozenset({"deal", "contract", "subscription", "erasure"})
_SERVER_EVENTS = ("Feedback Given", "Order Completed", "Order Refunded", "Preferences Changed")
_PROOFS = ("Subscription Confirmed",)
"""Events that Ripen accepts as proof of an agreement."""

_WELL_KNOWN = (
    "Contract Cancelled",
    "Contract Ended",
    "Contract Renewed",
    "Contract Signed",
    "Contract Started",
    "Deal Created",
    "Deal Lost",
    "Deal Opened",
    "Deal Stage Changed",
    "Deal Updated",
    "Deal Won",
    "Email Address Confirmed",
    "Email Bounced",
    "Email Delivered",
    "Email Link Clicked",
    "Email Marked as Spam",
    "Email Opened",
    "Email Rejected",
    "Email Soft Bounced",
    "Erasure Requested",
    "Lead Assigned",
    "Lead Merged",
    "Lead Unmerged",
    "Phase Changed",
    "Phase Entered",
    "Subscription Cancelled",
    "Subscription Confirmed",
    "Subscription Ended",
    "Subscription Renewed",
    "Subscription Resumed",
    "Subscription Started",
)
"""Names that begin with a reserved first word, listed so that they are found without word gaps too (`dealwon`)."""

_LOOKALIKES = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458\u0501\u04bb\u051d"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408\u050c\u04ba\u051c"
    "\u03b1\u03b9\u03bd\u03bf\u03c1\u03c5\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u0131",
    "abekmhopctyxsijdhwABEKMHOPCTYXSIJGHWaivopuABEZHIKMNOPTYXi",
) | str.maketrans("\u115f\u1160", "  ")
"""Cyrillic and Greek letters that look like Latin ones, and Hangul letters that look like gaps.

Source: https://www.unicode.org/reports/tr39/.
"""

_UNSEEN = frozenset({"Mn", "Mc", "Me", "Cf", "Cs", "Co", "Cn"})
_EXPANSION = 4
"""The most times by which a name may grow in compatibility form. Few letters grow more (up to 18 times); a longer
result is cut."""

_ENOUGH = 100
"""The number of characters that are searched for the first words: enough for every reserved name with a gap after each
letter."""

_GAP = re.compile(r"[\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def normal(name: str) -> str:
    """The normal form of a name: its letters and digits, without case, accents, compatibility forms and word gaps."""
    return _spaced(name).replace(" ", "").casefold()


def reserved(name: str) -> str:
    """OWN or SERVER if the name, in any spelling, is reserved for them; empty for any other name."""
    return _reserved(name)


def may_be_opened(name: str) -> bool:
    """True if a source may allow browsers to send this event: it is a server event and no proof of an agreement."""
    return reserved(name) == SERVER and normal(name) not in _FORMS_OF_PROOFS


@lru_cache(maxsize=1_024)
def _reserved(name: str) -> str:
    spaced = _spaced(name)
    form, spellings = spaced.replace(" ", "").casefold(), [*_spellings(spaced)]
    for who, first_words, forms in _KINDS:
        if form in forms or any(words[0] in first_words or _begins_with(words, forms) for words in spellings):
            return who
    return ""


def _begins_with(words: Iterable[str], forms: frozenset[str]) -> bool:
    """True if one or more of the first words, joined, are in `forms`."""
    return any(begun in forms for begun in accumulate(words))


def _spellings(spaced: str) -> Iterator[list[str]]:
    """The first words of a name: split at gaps only, then split at capital letters too."""
    begin = spaced.lstrip()[:_ENOUGH]
    for text in (begin, _HUMP.sub(" ", begin)):
        words = text.casefold().split()
        if words:
            yield words


def _spaced(name: str) -> str:
    """A name in compatibility form, with lookalikes replaced by Latin letters and each gap by one space."""
    if not name.isascii():
        text = unicodedata.normalize("NFKD", name)[: _EXPANSION * len(name)].translate(_LOOKALIKES)
        unseen = {ord(letter): None for letter in {*text} if unicodedata.category(letter) in _UNSEEN}
        name = text.translate(unseen)
    return _GAP.sub(" ", name)


def _forms(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(normal, names))


def _known(first_words: frozenset[str]) -> Iterator[str]:
    return (name for name in _WELL_KNOWN if name.partition(" ")[0].casefold() in first_words)


_FORMS_OF_PROOFS = _forms(_PROOFS)
_KINDS = tuple(
    (who, first_words, _forms((*events, *_known(first_words))))
    for who, first_words, events in (
        (OWN, _OWN_FIRST_WORDS, _OWN_EVENTS),
        (SERVER, _SERVER_FIRST_WORDS, _SERVER_EVENTS),
    )
)
