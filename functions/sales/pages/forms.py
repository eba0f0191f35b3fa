"""The forms of the dossier: a decision, or the undoing of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from answers.form import Form
from ripen.errors import InvalidDecisionError
from ripen.sales.decisions import KINDS, REASONS, Decision

_FIELDS = ("kind", "id", "seen", "reason", "until", "value", "currency", "note", "of")
_LONGEST = 4_000
_ID = re.compile(r"[0-9a-f]{32}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Sent(NamedTuple):
    """The fields of a form as typed, shortened, without control characters."""

    typed: Mapping[str, str]

    @property
    def kind(self) -> str:
        """The kind of the decision; empty if the form names none."""
        return self.typed["kind"] if self.typed["kind"] in KINDS else ""

    @property
    def id(self) -> str:
        """The id that the page gave the form, by which a form that is sent twice counts once."""
        if not _ID.fullmatch(self.typed["id"]):
            raise InvalidDecisionError("form", "has no id", "a form of this page")
        return f"decision:page:{self.typed['id']}"

    def decision(self, by: str) -> Decision:
        """The decision, unchecked. Raises InvalidDecisionError for a value that is no number."""
        if not self.kind:
            raise InvalidDecisionError("decision", "is missing", f"one of {', '.join(KINDS)}")
        value = amount(self.typed["value"]) if self.kind == "won" else None
        return Decision(
            self.kind,
            by,
            reason=self.typed["reason"] if self.kind in REASONS else "",
            until=self.typed["until"] if self.kind == "return" else "",
            value=value,
            currency=self.typed["currency"].strip().upper() if value is not None else "",
            note=self.typed["note"].strip(),
        )


def sent(form: Form) -> Sent:
    """The fields of a submitted form."""
    return Sent({name: _CONTROLS.sub("", form.get(name, ("",))[-1])[:_LONGEST] for name in _FIELDS})


def amount(text: str) -> float | None:
    """The number in a text such as `12500`, `12.500,50` or `12,500.50`; None for an empty one.

    The last of two different separators is that of decimals, and so is a single one that is not followed by three
    digits.
    """
    plain = "".join(text.split())
    if not plain:
        return None
    mark = max(".,", key=plain.rfind)
    whole, _, decimals = plain.rpartition(mark) if plain.rfind(mark) >= 0 else (plain, "", "")
    other = "," if mark == "." else "."
    if (
        not whole or mark in whole or (len(decimals) == 3 and other not in whole)
    ):  # no decimals, if any separator at all
        whole, decimals = plain, ""
    digits = re.sub(r"[.,]", "", whole)
    if not digits.isdecimal() or not (decimals or "0").isdecimal() or len(digits) > 15:
        raise InvalidDecisionError("value", f"{text[:40]!r} is no amount", "a number such as 12500 or 12500.50")
    return float(f"{digits}.{decimals or 0}")
