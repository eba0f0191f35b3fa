"""Leads as the demo shows and checks them: read from the table, folded by the very code that runs in Lambda."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from adapters import aws
from adapters.active import CURRENT
from adapters.loading import load_tree
from ripen.configuration import ActiveConfiguration, Configuration
from ripen.event import Event
from ripen.fold import fold
from ripen.lead import Lead
from ripen.personas import UNKNOWN
from ripen.record import Record
from ripen.rules import compile_rules
from ripen.score import Score
from ripen.touch import Touch
from ripen.tree import Tree
from ripen_cli.cloud import Cloud

_SUBJECTS = ("a:", "u:")
_UNSHOWN = ("path", "url", "referrer", "title", "message_id", "step", "cycle")
_TOLERANCE = 1e-6
"""Points by which two sums of the same floats may differ."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A lead with everything it was made of."""

    lead: Lead
    tree: Tree
    configuration: Configuration

    @property
    def record(self) -> Record:
        """What the score function has written."""
        return self.tree.record

    @property
    def settled(self) -> bool:
        """Whether the score function has written what this fold gives: the same events, points and phase."""
        summary = json.loads(self.record.data) if self.record.data else {}
        if summary.get("rules") != self.lead.rules_version:
            return False
        written = {
            name: Score(self.lead.scores[name].half_life, landmark, total).at(self.lead.now)
            for name, (landmark, total) in summary["scores"].items()
        }
        return (
            summary["events"] == self.lead.events
            and summary["seen"] == {subject: [*seen] for subject, seen in self.tree.seen.items()}
            and summary["phase"][0] == self.lead.phase
            and all(abs(points - self.lead.score(name)) < _TOLERANCE for name, points in written.items())
        )

    @property
    def reachable(self) -> bool:
        """Whether mail may go out: the lead gave an address, and the address belongs to no other lead."""
        address = json.loads(self.record.data).get("address") if self.record.data else None
        return bool(address and address["owned"])

    def unexplained(self, profile: str) -> float:
        """Points of the score that the listed contributions do not add up to; 0 unless something is wrong."""
        listed = sum(one.value(self.lead.now) for one in self.lead.contributions if one.profile == profile)
        difference = self.lead.score(profile) - listed
        return difference if abs(difference) > _TOLERANCE else 0.0


class Leads:
    """The leads of one local cloud; its clients are made once."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._s3 = cloud.client("s3")
        self._dynamodb = cloud.client("dynamodb")
        aws.use("dynamodb", self._dynamodb)

    def subjects(self) -> set[str]:
        """Every subject that the ledger knows."""
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._cloud.table, ProjectionExpression="pk")
        keys = (item["pk"]["S"] for page in pages for item in page["Items"])
        return {key for key in keys if key.startswith(_SUBJECTS)}

    def read(self, subject: str, now: int) -> Reading | None:
        """The lead of a subject at `now` (milliseconds); None when it has no events or no rules are active."""
        active = self._active()
        return self._read(subject, active, now) if active else None

    def read_all(self, now: int) -> list[Reading]:
        """Every lead, the one active last first."""
        active = self._active()
        found = [self._read(subject, active, now) for subject in self.subjects()] if active else []
        leads = {reading.lead.subject: reading for reading in found if reading}
        return sorted(leads.values(), key=lambda reading: -reading.lead.last_active)

    def _read(self, subject: str, active: ActiveConfiguration, now: int) -> Reading | None:
        tree = load_tree(self._cloud.table, subject, now)
        if not tree.events:
            return None
        lead = fold(tree.record.subject, tree.events, compile_rules(active.configuration, active.version), now)
        return Reading(lead, tree, active.configuration)

    def _active(self) -> ActiveConfiguration | None:
        try:
            body = self._s3.get_object(Bucket=self._cloud.rules_bucket, Key=CURRENT)["Body"].read()
        except ClientError as error:
            if aws.error_code(error) == "NoSuchKey":
                return None
            raise
        return ActiveConfiguration.model_validate_json(body)


def summary(reading: Reading) -> dict[str, Any]:
    """One line of the list of leads, as JSON; times in milliseconds."""
    lead, phases = reading.lead, reading.configuration.phases
    traits = lead.traits
    return {
        "subject": lead.subject,
        "name": str(traits.get("firstName") or traits.get("name") or "Anonymous visitor"),
        "company": str(traits.get("company") or ""),
        "address": lead.address,
        "phase": phases[lead.phase].title or lead.phase,
        "scores": {name: round(lead.score(name), 1) for name in lead.scores},
        "grades": dict(lead.grades),
        "events": len(reading.tree.events),
        "firstSeen": lead.first_seen,
        "lastActive": lead.last_active,
    }


def details(reading: Reading) -> dict[str, Any]:
    """Everything about one lead, as JSON; times in milliseconds."""
    lead, configuration = reading.lead, reading.configuration
    return summary(reading) | {
        "now": lead.now,
        "settled": reading.settled,
        "suppressed": lead.suppressed,
        "reachable": reading.reachable,
        "current": lead.phase,
        "phases": [{"name": name, "title": phase.title or name} for name, phase in configuration.phases.items()],
        "moves": [
            {"phase": move.phase, "title": configuration.phases[move.phase].title, "at": move.at, "reason": move.reason}
            for move in lead.moves
        ],
        "profiles": list(_profiles(reading)),
        "known": dict(known(reading)),
        "timeline": [*_timeline(reading.tree.events)][::-1],
        "pending": [
            {"campaign": configuration.campaigns[intent.campaign].title, "mail": intent.mail, "since": intent.since}
            for intent in lead.pending
        ],
        "dueAt": reading.record.due_at,
    }


def known(reading: Reading) -> Iterator[tuple[str, list[str]]]:
    """What is known of a lead beside phase and score, each a heading with lines; what is not known is left out."""
    lead, configuration = reading.lead, reading.configuration
    if lead.stage:
        yield "Stage", [configuration.stages[lead.stage].title or lead.stage]
    if lead.persona.name != UNKNOWN:
        title = configuration.personas[lead.persona.name].title or lead.persona.name
        yield "Persona", [f"{title} ({lead.persona.confidence:.0%})", *lead.persona.reasons]
    if lead.interests and configuration.interests:
        topics = configuration.interests.topics
        yield "Interests", [f"{topics[topic].title or topic} ({strength:.1f})" for topic, strength in lead.interests]
    if lead.grades:
        yield "Grade", [f"{grade} ({configuration.grades[name].title or name})" for name, grade in lead.grades.items()]
    touches = (("First touch", lead.first_touch), ("Last touch", lead.last_touch))
    yield from ((heading, [_told(touch)]) for heading, touch in touches if touch)
    yield "Visits", [str(lead.visits)]
    if reading.tree.edges:
        merged = [f"{edge.child} below {edge.parent} ({edge.proof.name.lower()})" for edge in reading.tree.edges]
        yield "Merged", merged


def _told(touch: Touch) -> str:
    parts = (touch.source, touch.medium, touch.campaign, touch.content)
    return f"{touch.channel}: {' / '.join(part for part in parts if part)}" if any(parts) else touch.channel


def _profiles(reading: Reading) -> Iterator[dict[str, Any]]:
    lead = reading.lead
    pages = {event.id: _path(event) for event in reading.tree.events}
    for name, profile in reading.configuration.profiles.items():
        titles = {rule: told.title for rule, told in (*profile.rules.items(), *profile.fit.items())}
        contributions = [
            {
                "rule": titles[one.rule] or one.rule,
                "event": one.event,
                "path": pages[one.event_id],
                "at": one.at,
                "points": one.points,
                "left": one.value(lead.now),
            }
            for one in lead.contributions
            if one.profile == name
        ]
        yield {
            "name": name,
            "title": profile.title or name,
            "halfLife": profile.half_life,
            "score": lead.score(name),
            "contributions": contributions,
            "unexplained": reading.unexplained(name),
        }


def _path(event: Event) -> str:
    page: Mapping[str, Any] = event.context.get("page") or {}
    return str(event.properties.get("path") or page.get("path") or "")


def _timeline(events: list[Event]) -> Iterator[dict[str, Any]]:
    """Each event with its facts; the campaign is told where it begins, not again with every event of the visit."""
    before: object = None
    for event in events:
        facts = dict(_facts(event))
        campaign = event.context.get("campaign") or {}
        if campaign != before:
            facts |= {f"utm {key}": str(value) for key, value in campaign.items()}
        before = campaign
        yield {"name": event.name, "at": event.at, "source": event.source, "details": facts}


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    """What a reader wants to see of an event, in a few words each; what other lines say already is left out."""
    path = _path(event)
    if path:
        yield "path", path
    shown = {key: value for key, value in event.properties.items() if key not in _UNSHOWN}
    if event.bot:
        yield "bot", event.bot
    for key, value in {**shown, **event.traits}.items():
        yield str(key), value if isinstance(value, str) else json.dumps(value)
