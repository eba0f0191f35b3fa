"""Notifications to sales say that they are a reminder, a reassignment or an escalation, in English and German."""

from __future__ import annotations

import pytest

from adapters.delivery.notifications import entry, render, render_digest
from ripen.config.configuration import Configuration
from ripen.fold.fold import fold
from ripen.messages.handoff import handoff_payload
from ripen.times import DAY
from unit.test_sales_decisions_fold import RULES, Story

CONFIGURATION = Configuration.model_validate(RULES)


def payloads(story, days):
    """The payloads of the notifications to colleagues, by step, as they were due."""
    found = {}
    do = story._do  # noqa: SLF001

    def noting(intent):
        events = sorted(story.events, key=lambda event: (event.at, event.id))
        lead = fold("u", events, story.rules, story.now)
        found[intent.step] = handoff_payload(lead, events, CONFIGURATION, intent)
        do(intent)

    story._do = noting  # noqa: SLF001
    story.wait(days * DAY)
    return found


@pytest.fixture(scope="module")
def told():
    story = Story()
    story.views(2)
    return payloads(story, 5)


@pytest.mark.parametrize(
    ("step", "language", "subject", "text"),
    [
        ("reminder", "en", "Please decide: ", "A reminder: this lead was handed over to "),
        ("reassign", "en", "Now for you: ", "This lead is yours now. It was handed over to "),
        ("head", "en", "No decision yet: ", "In spite of reminders nobody has decided."),
        ("reminder", "de", "Bitte entscheiden: ", "Zur Erinnerung: Dieser Lead wurde am "),
        ("reassign", "de", "Jetzt für Sie: ", "Sie sind jetzt für diesen Lead zuständig. Er wurde am "),
        ("head", "de", "Noch keine Entscheidung: ", "Trotz Erinnerungen hat niemand entschieden."),
    ],
)
def test_a_notification_says_what_it_is(told, step, language, subject, text):
    note = render(told[step], "notify", language, "Europe/Berlin")

    assert note.subject.startswith(subject)
    assert text in note.text
    first = told["reminder"]["rep"]["name"]
    assert first in note.text


def test_the_reassigned_rep_is_named(told):
    assert told["reassign"]["rep"]["id"] != told["reminder"]["rep"]["id"]
    assert told["reassign"]["handed_over"]["rep"] == told["reminder"]["rep"]["name"]


@pytest.mark.parametrize(
    ("language", "text"), [("en", "no other rep fits it"), ("de", "Zu ihm passt sonst niemand im Vertrieb")]
)
def test_the_team_is_told_that_nobody_else_fits(told, language, text):
    note = render(told["reassign"] | {"notice": "unassigned"}, "notify", language, "UTC")

    assert text in note.text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Last decision of sales: Lead Returned on "),
        ("de", "Letzte Entscheidung des Vertriebs: Lead Returned am "),
    ],
)
def test_a_request_of_a_resting_lead_tells_of_the_decision(language, text):
    story = Story()
    story.views(2)
    story.decides("return", reason="too-early", until=story.day(30))
    story.events.append(story.events[0].__class__("asked", "Contact Requested", story.now, "website"))

    note = render(payloads(story, 1)["asks-again"], "notify", language, "UTC")

    assert text in note.text
    assert "(too-early)" in note.text


@pytest.mark.parametrize(("language", "text"), [("en", "A reminder to decide"), ("de", "Bitte entscheiden")])
def test_a_digest_tells_reminders_from_handoffs(told, language, text):
    digest, _ = render_digest([entry(told["reminder"], "notify", "2026-03-04T08:00:00Z")], language, "UTC")

    assert text in digest.text
