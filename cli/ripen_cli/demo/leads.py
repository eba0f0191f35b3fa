"""Leads for the demo: read from the table and folded with the same code as in Lambda."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.rules.active import stored
from adapters.runtime import clients
from adapters.store.load_lead import load_merged_lead
from ripen.config.configuration import ActiveConfiguration
from ripen.events.event import Event
from ripen.events.explicit_requests import purpose_of
from ripen.leads.lead import Reach
from ripen.scoring.score import Score
from ripen.storage.lead_record import reach_of
from ripen_cli.cloud import Cloud
from ripen_cli.lead_show import portrait, rows
from ripen_cli.reading import PREFIXES
from ripen_cli.reading import Reading as LeadReading

_UNSHOWN = ("path", "url", "referrer", "title", "message_id", "step", "cycle")
_SHOWN_ELSEWHERE = (
    "lead",
    "name",
    "company",
    "address",
    "phase",
    "scores",
)
_TOLERANCE = 1e-6
"""Points by which two sums of the same floats may differ."""


class Reading(LeadReading):
    """A lead with its inputs, for comparison with the record that the score function has written."""

    __slots__ = ()

    @property
    def settled(self) -> bool:
        """True if the score function has written the result of this fold: the same events, points and phase."""
        summary = self.tree.record.summary
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
        """True if some mail may be sent: the lead has an address that is not suppressed for all mails."""
        return reach_of(self.tree.record.address) is not Reach.NOTHING

    @property
    def owned(self) -> bool:
        """True if the lead has proven its address."""
        return bool(self.tree.record.address.get("owned"))

    def unexplained(self, profile: str) -> float:
        """Points of the score that the listed contributions do not add up to; anything but 0 is an error."""
        listed = sum(one.value(self.lead.now) for one in self.lead.contributions if one.profile == profile)
        difference = self.lead.score(profile) - listed
        return difference if abs(difference) > _TOLERANCE else 0.0


class Leads:
    """The leads of one local cloud; reuses its AWS clients."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._dynamodb = cloud.client("dynamodb")
        clients.use("dynamodb", self._dynamodb)
        clients.use("s3", cloud.client("s3"))

    def subjects(self) -> set[str]:
        """All subjects in the ledger."""
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._cloud.table, ProjectionExpression="pk")
        keys = (item["pk"]["S"] for page in pages for item in page["Items"])
        return {key for key in keys if key.startswith(PREFIXES)}

    def read(self, subject: str, now: int) -> Reading | None:
        """The lead of a subject at `now` (milliseconds); None if it has no events or no rules are active."""
        active = stored(self._cloud.rules_bucket)
        return self._read(subject, active, now) if active else None

    def read_all(self, now: int) -> list[Reading]:
        """All leads, the most recently active first."""
        active = stored(self._cloud.rules_bucket)
        found = [self._read(subject, active, now) for subject in self.subjects()] if active else []
        leads = {reading.lead.subject: reading for reading in found if reading}
        return sorted(leads.values(), key=lambda reading: -reading.lead.last_active)

    def _read(self, subject: str, active: ActiveConfiguration, now: int) -> Reading | None:
        tree = load_merged_lead(self._cloud.table, subject, now)
        if not tree.events:
            return None
        return Reading.of(tree, tree.events, active, now)


def summary(reading: Reading) -> dict[str, Any]:
    """One row of the list of leads, as JSON; times in milliseconds."""
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
        "events": len(reading.events),
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
        "known": [[name, text] for name, text in rows(portrait(reading)) if name not in _SHOWN_ELSEWHERE],
        "timeline": [*_timeline(reading.events)][::-1],
        "pending": [
            {"campaign": configuration.campaigns[intent.campaign].title, "mail": intent.name, "since": intent.since}
            for intent in lead.pending
        ],
        "dueAt": reading.tree.record.due_at,
    }


def _profiles(reading: Reading) -> Iterator[dict[str, Any]]:
    lead = reading.lead
    pages = {event.id: _path(event) for event in reading.events}
    for name, profile in reading.configuration.profiles.items():
        titles = {rule: told.title for rule, told in (profile.rules | profile.fit).items()}
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
    """Each event with its facts; the campaign appears only where it changes, not with every event of a visit."""
    before: object = None
    for event in events:
        facts = dict(_facts(event))
        campaign = event.context.get("campaign") or {}
        if campaign != before:
            facts |= {f"utm {key}": str(value) for key, value in campaign.items()}
        before = campaign
        yield {"name": event.name, "at": event.at, "source": event.source, "details": facts}


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    """The facts of an event as short texts, without those shown elsewhere."""
    path = _path(event)
    if path:
        yield "path", path
    shown = {key: value for key, value in event.properties.items() if key not in _UNSHOWN}
    if event.bot:
        yield "bot", event.bot
    if purpose := purpose_of(event):
        yield "asked for", purpose
    for key, value in {**shown, **event.traits}.items():
        yield str(key), value if isinstance(value, str) else json.dumps(value)
