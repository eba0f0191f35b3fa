"""`ripen lead show` and `ripen lead explain`: a lead's data, its journey, and the source of every point."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from ripen.events.event import Event
from ripen.events.explicit_requests import purpose_of
from ripen.leads.explain import Explanation, explain
from ripen.times import parse_iso, to_iso
from ripen_cli.deployment import Deployment, deployed, now
from ripen_cli.lead_summary import next_steps, permission, person, sales_status, summary_rows
from ripen_cli.reading import Reading, read_lead

_SHOWN = ("path", "url", "link", "form", "campaign", "value", "seconds", "reason", "rep")
_MOMENT = len("2026-11-21T09:30")


def _moment(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_iso(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time; write a time such as 2026-11-21T09:30") from None


_who = click.argument("who", metavar="ID_OR_ADDRESS")
_at = click.option(
    "--at", callback=_moment, metavar="TIME", help="Show the lead at this time (ISO 8601, UTC), under the active rules."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object; times in milliseconds.")


@click.command()
@_who
@_at
@click.option(
    "--last", default=30, show_default=True, type=click.IntRange(0), help="Number of steps of the journey to show."
)
@_json
@deployed
def show(deployment: Deployment, who: str, at: int | None, last: int, as_json: bool) -> None:
    """Show a lead: the person, whether one may write to them and why, what happens next, scores, and the journey.

    Times are UTC.
    """
    reading = read_lead(deployment, who, now(), at)
    if as_json:
        click.echo(json.dumps(portrait(reading) | {"journey": [*journey(reading)]}, indent=2))
        return
    for name, value in rows(portrait(reading)):
        click.echo(f"{name:>22}  {plain(value)}")
    steps = [*journey(reading)]
    if last and steps:
        click.echo(f"\nThe last {min(last, len(steps))} of {len(steps)} steps:" if len(steps) > last else "\nJourney:")
    for step in steps[-last:] if last else []:
        click.echo(plain(f"  {_time(step['at'])}  {step['what']}{'  ' + step['detail'] if step['detail'] else ''}"))


@click.command("explain")
@_who
@click.option("--profile", help="Show only the score of this profile.")
@_at
@_json
@deployed
def explain_command(deployment: Deployment, who: str, profile: str | None, at: int | None, as_json: bool) -> None:
    """Explain a lead's scores: every contribution with its event and rule; their sum is the score."""
    reading = read_lead(deployment, who, now(), at)
    if profile is not None and profile not in reading.lead.scores:
        known = ", ".join(reading.lead.scores)
        raise click.BadParameter(f"there is no profile {profile!r}; known: {known}", param_hint="--profile")
    found = [explain(reading.lead, name) for name in reading.lead.scores if profile in (None, name)]
    if as_json:
        click.echo(json.dumps({"at": reading.lead.now, "profiles": [_explanation(one) for one in found]}, indent=2))
        return
    for explanation in found:
        _print(reading, explanation)


def portrait(reading: Reading) -> dict[str, Any]:
    """The lead as JSON; times in milliseconds."""
    lead = reading.lead
    return {
        "person": person(lead),
        "permission": permission(lead, reading.tree.record.address)._asdict(),
        "next": next_steps(reading),
        "rep": lead.owner,
        "sales": sales_status(lead),
        "lead": lead.subject,
        "others": [*reading.others],
        "subjects": list(reading.tree.ledgers),
        "at": lead.now,
        "rules": lead.rules_version,
        "address": lead.address,
        "proof": lead.proof.name.lower(),
        "suppressed": lead.suppressed,
        "optIn": {"proof": lead.claims.opt_in.proof.name.lower(), "at": lead.claims.opt_in.at}
        if lead.claims.opt_in
        else None,
        "consent": lead.consent._asdict() if lead.consent else None,
        "traits": dict(lead.traits),
        "phase": lead.moves[-1]._asdict(),
        "stage": lead.stages[-1]._asdict() if lead.stages else None,
        "persona": {
            "name": lead.persona.name,
            "confidence": round(lead.persona.confidence, 2),
            "reasons": list(lead.persona.reasons),
        },
        "scores": {name: round(lead.score(name), 1) for name in lead.scores},
        "grades": dict(lead.grades),
        "interests": {topic: round(strength, 1) for topic, strength in lead.interests},
        "surges": list(lead.surges),
        "usage": lead.usage,
        "counts": dict(lead.counts),
        "visits": lead.visits,
        "events": lead.events,
        "firstSeen": lead.first_seen,
        "lastActive": lead.last_active,
        "firstTouch": lead.first_touch.as_json() if lead.first_touch else None,
        "lastTouch": lead.last_touch.as_json() if lead.last_touch else None,
        "language": lead.language,
        "preferences": lead.preferences.as_json(),
        "offers": list(lead.offers),
        "pending": [intent._asdict() for intent in lead.pending],
        "nextChange": lead.next_change,
        "ended": lead.ended,
        "eraseAt": lead.erase_at,
    }


def journey(reading: Reading) -> Iterator[dict[str, Any]]:
    """Events, phase changes and campaign notes, earliest first."""
    moves = [(move.at, 1, f"→ {move.phase}", f"({move.reason})") for move in reading.lead.moves]
    moves += [(note.at, 2, f"{note.campaign}: {note.text}", note.step) for note in reading.lead.notes]
    events = [(event.at, 0, event.name, _detail(event)) for event in reading.events]
    for at, _, what, detail in sorted(moves + events):
        yield {"at": at, "what": what, "detail": detail}


def _detail(event: Event) -> str:
    facts: Mapping[str, Any] = event.properties
    parts = [str(facts[key]) for key in _SHOWN if isinstance(facts.get(key), str | int | float)]
    marks = [f"[{mark}: {text}]" for mark, text in (("asked for", purpose_of(event)), ("bot", event.bot)) if text]
    marks += ["[imported]"] if event.imported else []
    return " ".join([" ".join(parts)[:120], *marks]).strip()


def rows(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The portrait as rows of a heading and a text."""
    yield from summary_rows(facts)
    yield "lead", facts["lead"]
    if len(facts["subjects"]) > 1:
        yield "merged with", ", ".join(facts["subjects"][1:])
    if facts["others"]:
        yield "others at this address", ", ".join(facts["others"])
    if opt_in := facts["optIn"]:
        yield "opt-in", f"{_time(opt_in['at'])} ({opt_in['proof']})"
    yield "phase", _place(facts["phase"])
    if facts["stage"]:
        yield "stage", _place(facts["stage"])
    yield "scores", ", ".join(f"{name} {points:.1f}" for name, points in facts["scores"].items())
    for name, grade in facts["grades"].items():
        yield f"grade {name}", grade
    persona = facts["persona"]
    reasons = f" ({persona['confidence']:.0%}: {', '.join(persona['reasons'])})" if persona["reasons"] else ""
    yield "persona", persona["name"] + reasons
    yield "interests", ", ".join(f"{topic} {strength:.1f}" for topic, strength in facts["interests"].items()) or "none"
    if facts["surges"]:
        yield "surging", ", ".join(facts["surges"])
    for name in ("firstTouch", "lastTouch"):
        yield {"firstTouch": "first touch", "lastTouch": "last touch"}[name], _touch(facts[name])
    yield "visits", f"{facts['visits']}, from {_time(facts['firstSeen'])} to {_time(facts['lastActive'])}"
    yield from _wishes(facts["preferences"])
    if facts["offers"]:
        yield "offers on the site", ", ".join(facts["offers"])


def _wishes(preferences: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if preferences["off"]:
        yield "unsubscribed from", ", ".join(preferences["off"])
    if preferences["frequency"] != "any":
        yield "mails wanted", f"at most one a {preferences['frequency']}"
    if preferences["paused_until"]:
        yield "mails paused until", _time(preferences["paused_until"])


def _place(move: Mapping[str, Any]) -> str:
    return f"{move['phase']} since {_time(move['at'])} ({move['reason']})"


def _touch(touch: Mapping[str, Any] | None) -> str:
    if not touch:
        return "unknown"
    parts = [touch[name] for name in ("source", "medium", "campaign", "referrer") if touch.get(name)]
    return f"{touch['channel']}{': ' + ' / '.join(parts) if parts else ''}, {_time(touch['at'])}"


def _explanation(one: Explanation) -> dict[str, Any]:
    return {**one._asdict(), "lines": [line._asdict() for line in one.lines]}


def _print(reading: Reading, explanation: Explanation) -> None:
    profile = reading.configuration.profiles[explanation.profile]
    titles = {name: rule.title or name for name, rule in (profile.rules | profile.fit).items()}
    title = profile.title or explanation.profile
    click.echo(f"{title}: {explanation.score:.1f} points, rules {explanation.rules_version}")
    for line in explanation.lines:
        about = f"{titles[line.rule]}: {line.event}"
        click.echo(plain(f"  {_time(line.at)} {line.points:+8.1f} {line.now:8.1f}  {about}"))
    click.echo(f"  {'sum':>{_MOMENT}} {'':8} {explanation.score:8.1f}\n")


def plain(text: str) -> str:
    """The text without control characters: a terminal would obey those that a stranger put into a name."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _time(moment: int) -> str:
    return to_iso(moment)[:_MOMENT].replace("T", " ")
