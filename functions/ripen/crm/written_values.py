"""Reads values as people and other systems write them: names of columns, moments and numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from ripen.errors import InvalidEventError, InvalidResultError
from ripen.times import LAST_MOMENT, SECOND

_FORMS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")
_SECONDS = re.compile(r"[0-9]{9,11}")
_MILLISECONDS = re.compile(r"[0-9]{12,14}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONEY = re.compile(r"[\s\u00a0\u202f'\u2019]|€|\$|£|CHF|EUR|USD|GBP")
_DIGITS = re.compile(r"[0-9]{0,9}")
_COMMA, _POINT = ",", "."
_THOUSANDS = 3


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", name).lower()


def moment(value: object, zone: tzinfo, field: str) -> int:
    """The moment (ms) of a time in an export; `zone` is that of times without one. Raises InvalidEventError."""
    text = str(value).strip()
    found = -1
    if _MILLISECONDS.fullmatch(text):
        found = int(text)
    elif _SECONDS.fullmatch(text):
        found = int(text) * SECOND
    elif (told := date_in(text)) is not None:
        told = told if told.tzinfo else told.replace(tzinfo=zone)
        found = int((told - _EPOCH).total_seconds() * SECOND)
    if not 0 <= found <= LAST_MOMENT:
        expected = "a time such as 2026-11-21 09:30, 2026-11-21T09:30:00+01:00, 21.11.2026 09:30 or Unix seconds"
        raise InvalidEventError(field, f"{text[:40]!r} is no time since 1970", expected)
    return found


def day(value: object, field: str) -> str:
    """The day (ISO 8601) of a date or a time, as it is written or, for Unix time, in UTC. Raises InvalidEventError."""
    told = date_in(str(value).strip())
    if told is None:
        told = _EPOCH.fromtimestamp(moment(value, UTC, field) / SECOND, UTC)
    return told.date().isoformat()


def date_in(text: str) -> datetime | None:
    """The date or time in a text in ISO 8601 or the German form; None if it is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - `moment` adds the zone
        except ValueError:
            continue
    return None


def number(value: object, field: str, decimal: str = "") -> float:
    """The number in an amount of money, such as `1.234,50 €`. Raises InvalidResultError.

    `decimal` is the decimal separator; empty if it is only known from the number itself. With one separator before
    three digits it is not known, so such a number is refused.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = _MONEY.sub("", str(value))
    separator = decimal or max((_COMMA, _POINT), key=text.rfind)
    if text.count(separator) > 1:  # a number has one decimal separator, so these group thousands
        separator = _POINT if separator == _COMMA else _COMMA
    whole, point, part = text.rpartition(separator) if separator in text else (text, "", "")
    if not decimal and point and len(part) == _THOUSANDS and not set(whole) & {_COMMA, _POINT}:
        expected = f"{whole}{part} or {whole}{separator}{part[:2]}, or --decimal comma or --decimal point"
        raise InvalidResultError(field, f"{str(value)[:40]!r} may mean two numbers", expected)
    grouping = re.escape(_POINT if separator == _COMMA else _COMMA)
    if not re.fullmatch(rf"-?(?:[0-9]{{1,15}}|[0-9]{{1,3}}(?:{grouping}[0-9]{{3}})+)", whole):
        part = "no digits"
    if not _DIGITS.fullmatch(part):
        raise InvalidResultError(field, f"{str(value)[:40]!r} is no number", "a number such as 1200.50 or 1.200,50")
    return float(f"{whole.replace(_POINT, '').replace(_COMMA, '')}.{part or 0}")
