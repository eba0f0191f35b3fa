"""The dossier of a lead: what a rep has to know within ten seconds, as plain values.

Texts that a lead typed are single lines of bounded length without control characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ripen.campaigns.content_choice import Taste, best
from ripen.config.configuration import Configuration
from ripen.events.event import RIPEN, Event
from ripen.languages import in_language
from ripen.leads.lead import Contribution, Lead
from ripen.messages.display_names import full_name, one_line
from ripen.messages.journey import Entry, journey
from ripen.people.state import ASSIGNED
from ripen.sales.decisions import DECISIONS, UNDONE
from ripen.sales.state import HANDED_OFF
from ripen.times import DAY

_COMPANY = ("company", "companyName", "organization")
_ROLE = ("jobTitle", "role", "position", "title")
_CONTACT = ("phone", "website")
_NAMES = {"email", "name", "firstName", "lastName", *_COMPANY, *_ROLE, *_CONTACT}
_MOST_TRAITS = 12
_MOST_RULES = 6
_MOST_CONTENT = 3
_POINTS_OF_CURVE = 40
_CURVE = 90 * DAY
"""The time (ms) that the chart of a score shows at most."""
UNKNOWN = "unknown"


class Earned(NamedTuple):
    """The points of a rule at the lead's `now`, how often it gave points, and when it last did (ms)."""

    title: str
    points: float
    times: int
    last: int


class Growth(NamedTuple):
    """A score: its points now, what gave most of them, and its course as pairs of moment (ms) and points."""

    title: str
    points: float
    earned: tuple[Earned, ...]
    curve: tuple[tuple[int, float], ...]


class MayWrite(NamedTuple):
    """The answer to "may I write?": `advertising`, `answers` or `nothing`.

    `reason` is confirmed, no-opt-in, unproven, unsubscribed, complained, bounced, paused, withdrawn, ended or
    no-address; `since` its moment (ms), 0 if it has none.
    """

    answer: str
    reason: str
    since: int = 0


class Advice(NamedTuple):
    """Something to say: `kind` is page, interest, challenge or content, and `link` the https address of content."""

    kind: str
    about: str
    link: str = ""


class Step(NamedTuple):
    """A step between marketing and sales at `at` (ms): an assignment, a handoff or a decision, and who made it.

    `undone` is true for a decision that was taken back. `told` are its reason, day, value and note.
    """

    at: int
    name: str
    by: str
    told: Mapping[str, str]
    undone: bool = False


class Dossier(NamedTuple):
    """All that the page about a lead shows; moments are in milliseconds."""

    name: str
    company: str
    role: str
    address: str
    contact: Mapping[str, str]
    traits: Mapping[str, str]
    language: str
    phase: str
    persona: str
    confidence: int
    reasons: tuple[str, ...]
    scores: tuple[Growth, ...]
    interests: tuple[tuple[str, float], ...]
    first_seen: int
    last_active: int
    visits: int
    journey: tuple[Entry, ...]
    earlier: int
    may_write: MayWrite
    advice: tuple[Advice, ...]
    steps: tuple[Step, ...]


def dossier(lead: Lead, ledgers: Mapping[str, Sequence[Event]], configuration: Configuration, language: str) -> Dossier:
    """The dossier of a lead that was folded from all events of its `ledgers`; titles are in `language`."""
    events = sorted((event for ledger in ledgers.values() for event in ledger), key=lambda event: event.at)
    entries, earlier = journey(ledgers)
    persona = configuration.personas.get(lead.persona.name)
    traits = lead.traits
    phase = configuration.phases.get(lead.phase)
    return Dossier(
        name=full_name(traits),
        company=_company(traits),
        role=_first(traits, _ROLE),
        address=one_line(lead.address),
        contact={name: one_line(traits[name]) for name in _CONTACT if _is_text(traits.get(name))},
        traits=_others(traits),
        language=lead.language,
        phase=(phase.title if phase else "") or lead.phase,
        persona="" if lead.persona.name == UNKNOWN else (persona.title if persona else "") or lead.persona.name,
        confidence=round(lead.persona.confidence * 100),
        reasons=lead.persona.reasons,
        scores=tuple(_growth(lead, name, configuration) for name in lead.scores),
        interests=tuple((_topic(configuration, name), round(strength, 1)) for name, strength in lead.interests),
        first_seen=lead.first_seen,
        last_active=lead.last_active,
        visits=lead.visits,
        journey=entries,
        earlier=earlier,
        may_write=may_write(lead),
        advice=(*_questions(lead, entries, configuration), *_content(lead, events, configuration, language)),
        steps=_steps(events),
    )


def may_write(lead: Lead) -> MayWrite:
    """The mail that the lead may get, and why."""
    if lead.consent is not None and not lead.consent.given:
        return MayWrite("nothing", "withdrawn", lead.consent.at)
    if not lead.address:
        return MayWrite("nothing", "no-address")
    if lead.ended is not None:
        return MayWrite("nothing", "ended", lead.ended)
    return _may_advertise(lead)


def _may_advertise(lead: Lead) -> MayWrite:
    if lead.suppressed:
        return MayWrite("answers" if lead.suppressed == "unsubscribed" else "nothing", lead.suppressed)
    if lead.preferences.paused_until > lead.now:
        return MayWrite("answers", "paused", lead.preferences.paused_until)
    opt_in = lead.claims.opt_in
    if opt_in and lead.proof.is_proof:
        return MayWrite("advertising", "confirmed", opt_in.at)
    return MayWrite("answers", "no-opt-in" if lead.proof.is_proof else "unproven")


def _company(traits: Mapping[str, Any]) -> str:
    company = traits.get("company")
    return (
        one_line(company["name"])
        if isinstance(company, dict) and _is_text(company.get("name"))
        else _first(traits, _COMPANY)
    )


def _first(traits: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((one_line(traits[name]) for name in names if _is_text(traits.get(name))), "")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _others(traits: Mapping[str, Any]) -> dict[str, str]:
    named = ((one_line(name), value) for name, value in traits.items() if name not in _NAMES)
    plain = ((name, one_line(value)) for name, value in named if isinstance(value, str | int | float))
    return dict([pair for pair in plain if pair[1]][:_MOST_TRAITS])


def _topic(configuration: Configuration, name: str) -> str:
    topic = configuration.interests.topics.get(name) if configuration.interests else None
    return (topic.title if topic else "") or name


def _growth(lead: Lead, profile: str, configuration: Configuration) -> Growth:
    mine = [one for one in lead.contributions if one.profile == profile]
    known = configuration.profiles.get(profile)
    titles = {name: rule.title for rules in ((known.rules, known.fit) if known else ()) for name, rule in rules.items()}
    by_rule: dict[str, list[Contribution]] = {}
    for one in mine:
        by_rule.setdefault(one.rule, []).append(one)
    earned = [
        Earned(
            titles.get(name) or name,
            round(sum(one.value(lead.now) for one in ones), 1),
            len(ones),
            max(one.at for one in ones),
        )
        for name, ones in by_rule.items()
    ]
    earned.sort(key=lambda one: (-abs(one.points), one.title))
    return Growth(
        (known.title if known else "") or profile,
        round(lead.score(profile), 1),
        tuple(earned[:_MOST_RULES]),
        curve(mine, lead.first_seen, lead.now),
    )


def curve(earned: Sequence[Contribution], since: int, now: int) -> tuple[tuple[int, float], ...]:
    """The course of a score with these contributions, at most 90 days of it, at equal distances."""
    start = max(since, now - _CURVE)
    if now <= start:
        return ((now, round(sum(one.value(now) for one in earned), 1)),)
    moments = [start + (now - start) * n // (_POINTS_OF_CURVE - 1) for n in range(_POINTS_OF_CURVE)]
    return tuple((moment, round(sum(one.value(moment) for one in earned if one.at <= moment), 1)) for moment in moments)


def _questions(lead: Lead, entries: Sequence[Entry], configuration: Configuration) -> list[Advice]:
    seen: dict[str, int] = {}
    for entry in entries:
        for path in entry.about if entry.kind == "visit" else ():
            seen[path] = seen.get(path, 0) + 1
    found = []
    telling = [path for path in seen if path.strip("/")]
    if telling:
        found.append(Advice("page", max(telling, key=lambda path: seen[path])))
    if lead.interests:
        found.append(Advice("interest", _topic(configuration, lead.interests[0][0])))
    persona = configuration.personas.get(lead.persona.name)
    if persona and persona.challenges:
        found.append(Advice("challenge", persona.challenges[0]))
    return found


def _content(lead: Lead, events: Sequence[Event], configuration: Configuration, language: str) -> list[Advice]:
    """The content that fits the lead best and was not sent yet."""
    usual = configuration.mailing.language
    sent = {event.properties.get("content") for event in events if event.source == RIPEN and event.name == "Email Sent"}
    left = {name: asset for name, asset in configuration.content.items() if name not in sent}
    taste = Taste(lead.phase, lead.persona.name, [name for name, _ in lead.interests])
    found: list[Advice] = []
    while len(found) < _MOST_CONTENT and (name := best(left, taste)) is not None:
        asset = left.pop(name)
        link = in_language(asset.link, lead.language, usual)
        title = in_language(asset.title, language, usual)
        found.append(Advice("content", title, link if link.startswith("https://") else ""))
    return found


def _steps(events: Sequence[Event]) -> tuple[Step, ...]:
    """Assignments, handoffs and decisions, the latest first."""
    ours = [event for event in events if event.source == RIPEN or event.name in DECISIONS]
    undone = {event.properties.get("decision") for event in ours if event.name == UNDONE}
    found = [
        Step(event.at, event.name, _by(event), _told(event), event.id in undone)
        for event in ours
        if event.name in DECISIONS or event.name in (ASSIGNED, HANDED_OFF)
    ]
    return tuple(reversed(found))


def _by(event: Event) -> str:
    told = event.properties
    by = told.get("by") or told.get("rep") or told.get("recipient")
    return one_line(by) if isinstance(by, str) else f"source.{event.source}"


def _told(event: Event) -> dict[str, str]:
    told = event.properties
    named = {name: told[name] for name in ("reason", "until", "value", "currency", "note") if name in told}
    return {name: one_line(value, 1_000) for name, value in named.items() if isinstance(value, str | int | float)}
