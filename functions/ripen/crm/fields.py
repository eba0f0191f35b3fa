"""Translates the fields of a CRM's record, under the names that CRMs and spreadsheets give them, into a result.

Names are compared without case, spaces and punctuation, and without Salesforce's suffix `__c`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import Any, NamedTuple

from ripen.crm.results import FIELDS, RESULTS, CrmResult, digest, read_result
from ripen.crm.written_values import date_in, day, moment, number, plain
from ripen.errors import InvalidResultError
from ripen.sales.decisions import REASONS, TOO_EARLY
from ripen.times import DAY, to_iso

RECORD = "record"
"""The role of the column with the id of the record itself: it tells results apart, and finds no lead."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    RECORD: ("id", "recordid", "hsobjectid", "dealid", "opportunityid", "vorgang", "vorgangsnummer"),
    "lead": ("ripenlead", "ripenleadid", "ripenid", "lead"),
    "userId": ("userid", "customerid", "kundennummer", "kundennr"),
    "crmId": ("crmid", "contactid", "kontaktid"),
    "email": ("email", "emailaddress", "emailadresse", "mail", "contactemail", "kontaktemail"),
    "at": (
        *("at", "resultat", "ripenat", "date", "datum", "closedate", "closeddate", "abschlussdatum", "schlussdatum"),
        *("lastmodifieddate", "hslastmodifieddate", "systemmodstamp", "geändertam", "geaendertam"),
    ),
    "result": ("ripenresult", "result", "ergebnis", "status", "stage", "stagename", "dealstage", "phase"),
    "reason": (
        *("ripenreason", "reason", "grund", "closedlostreason", "lossreason", "verlustgrund", "rückgabegrund"),
        "rueckgabegrund",
    ),
    "until": ("ripenuntil", "until", "bis", "wiedervorlage", "wiedervorlageam", "followup", "followupdate"),
    "value": ("ripenvalue", "value", "amount", "betrag", "wert", "auftragswert", "umsatz", "dealvalue"),
    "currency": ("currency", "currencyisocode", "dealcurrencycode", "währung", "waehrung"),
    "note": ("ripennote", "note", "notiz", "kommentar", "comment", "bemerkung"),
    "owner": (
        *("ripenowner", "owner", "owneremail", "besitzer", "inhaber", "dealowner", "opportunityowner", "leadowner"),
        *("zuständig", "zustaendig", "verantwortlich", "ansprechpartner"),
    ),
    "contract_start": ("contractstart", "contractstartdate", "startdate", "vertragsbeginn", "vertragsstart"),
    "contract_end": ("contractend", "contractenddate", "enddate", "vertragsende"),
}
"""The usual names of each field, in plain form; the first that is filled counts."""

_RESULTS = {
    **dict.fromkeys(("closedwon", "gewonnen", "geschlossenundgewonnen", "closedconverted"), "won"),
    **dict.fromkeys(("closedlost", "verloren", "geschlossenundverloren"), "lost"),
    **dict.fromkeys(("angenommen", "akzeptiert", "übernommen"), "accept"),
    **dict.fromkeys(("zurück", "zurückgegeben", "zurueck", "zurueckgegeben", "recycled"), "return"),
    **dict.fromkeys(("unqualified", "disqualifiziert", "unqualifiziert", "closednotconverted"), "disqualify"),
    **dict.fromkeys(("meetingbooked", "meetingscheduled", "termin", "terminvereinbart"), "meeting"),
    **{plain(name): kind for name, kind in RESULTS.items()},
}
_REASONS = {
    **dict.fromkeys(("zufrüh", "zufrueh", "early", "später", "later"), TOO_EARLY),
    **dict.fromkeys(("keinbudget", "budget"), "no-budget"),
    **dict.fromkeys(("falscheperson", "falscheransprechpartner"), "wrong-person"),
    **dict.fromkeys(("keinbedarf",), "no-need"),
    **dict.fromkeys(("dublette", "duplikat"), "duplicate"),
    **dict.fromkeys(("preis", "zuteuer", "tooexpensive"), "price"),
    **dict.fromkeys(("wettbewerb", "wettbewerber", "mitbewerber", "konkurrenz"), "competitor"),
    **dict.fromkeys(("keineantwort", "nichterreicht", "noresponse"), "no-answer"),
    **dict.fromkeys(("zeitpunkt",), "timing"),
    **dict.fromkeys(("sonstiges", "andere", "anderer"), "other"),
    **{plain(reason): reason for reasons in REASONS.values() for reason in reasons},
}
_DAYS = ("until", "contract_start", "contract_end")
_OF_KIND = {"reason": tuple(REASONS), "until": ("return",), "value": ("won",), "currency": ("won",)}
"""The kinds of decisions to which a field belongs: records of CRMs have all fields, whatever became of them."""


class Reading(NamedTuple):
    """How to read a record: the zone of times without one, the decimal separator (empty: by the number), and results.

    `results` are the results by the CRM's own names in plain form; an empty one stands for none.
    """

    zone: tzinfo = UTC
    decimal: str = ""
    results: Mapping[str, str] = {}


USUAL = Reading()
Find = Callable[[str], str | None]
"""Finds the name under which a field of the record is filled; None if it is not."""


def record_result(
    values: Mapping[str, Any], source: str, now: int, reading: Reading = USUAL, find: Find | None = None
) -> CrmResult | None:
    """The result that a record of a CRM tells; None if it tells none, such as an open deal.

    Its id is a digest of what it says, so the same record is the same result. Raises InvalidFieldError.
    """
    find = find or finder(values)
    names = {field: name for field in COLUMNS if (name := find(field)) is not None}
    told: dict[str, Any] = {field: _text(values[name]) for field, name in names.items()}
    kind = _result(told.pop("result", ""), reading)
    if not kind and not any(field in told for field in ("owner", "contract_start", "contract_end")):
        return None
    told = {field: value for field, value in told.items() if _belongs(field, kind)}
    if kind:
        told["result"] = kind
    if "reason" in told:
        told |= _reason(told, kind)
    for field in _DAYS:
        if field in told:
            told[field] = day(told[field], names[field])
    if "value" in told:
        told["value"] = number(told["value"], names["value"], reading.decimal)
        told["currency"] = str(told.get("currency", "")).upper()
    else:
        told.pop("currency", None)
    at = _last_moment(told.pop("at"), reading, names["at"]) if "at" in told else None
    told["id"] = digest(json.dumps({"at": at, **{field: told[field] for field in sorted(told)}}))
    if at is not None:
        told["at"] = to_iso(min(at, now))  # deals are given the day on which they will be closed
    told.pop(RECORD, None)
    return read_result({field: told[field] for field in FIELDS if field in told}, source, now, observed=True)


def finder(values: Mapping[str, Any]) -> Find:
    """A function that finds the fields of a record by their usual names."""
    known: dict[str, str] = {}
    for name, value in values.items():
        if value not in (None, ""):
            known.setdefault(plain(name.removesuffix("__c")), name)

    def find(field: str) -> str | None:
        return next((known[name] for name in COLUMNS[field] if name in known), None)

    return find


def _last_moment(text: str, reading: Reading, name: str) -> int:
    """The moment (ms) in a text; of a day its last one, because it may have begun before a handoff of the same day."""
    found = moment(text, reading.zone, name)
    return found + DAY - 1 if date_in(text) is not None and ":" not in text else found


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def _result(said: str, reading: Reading) -> str:
    """The kind of decision that a status of a CRM stands for; empty if it stands for none."""
    name = plain(said)
    if name in reading.results:
        return reading.results[name]
    return _RESULTS.get(name, "")


def _belongs(field: str, kind: str) -> bool:
    if not kind and field == "note":
        return False
    return field not in _OF_KIND or kind in _OF_KIND[field]


def _reason(told: Mapping[str, Any], kind: str) -> dict[str, str]:
    """The reason of a record; one in words of its own is `other`, with the words as the note."""
    said = str(told["reason"])
    reason = _REASONS.get(plain(said), "")
    if reason in REASONS[kind]:
        return {"reason": reason}
    return {"reason": "other", "note": "\n".join(filter(None, (said, told.get("note", ""))))}


def unknown_status(values: Mapping[str, Any], reading: Reading = USUAL, find: Find | None = None) -> str:
    """The status of a record that stands for no result and was not named as one that does not; empty otherwise."""
    name = (find or finder(values))("result")
    said = _text(values[name]) if name is not None else ""
    return said if said and plain(said) not in reading.results and not _result(said, reading) else ""


def read_results_option(text: str) -> tuple[str, str]:
    """The plain name and the kind in `NAME=RESULT`. Raises InvalidResultError."""
    name, equals, result = text.rpartition("=")
    if not equals or not plain(name) or (result and result not in RESULTS):
        raise InvalidResultError("--result", f"{text[:60]!r} is no NAME=RESULT", f"a RESULT of {', '.join(RESULTS)}")
    return plain(name), RESULTS.get(result, "")
