"""Campaigns that marketers edit, rename and replace while leads are under way in them."""

from __future__ import annotations

import pytest

from adapters.rules.active import clear_cache, stored
from integration.people import ANN
from ripen.times import DAY, HOUR, MINUTE
from stories import START, identified, tracked

BASE = ["mail: workshop-agenda", "wait: 3d", "mail: first-steps", "wait: 3d", "mail: personal-note"]
EDITED_AT = START + round(1.5 * DAY)


def course(steps, name="course", *more):
    keys = ["title: A course", "transactional: true", "start: {event: {event: Signed Up}}", *more, "steps:"]
    lines = ["campaigns:", f"  {name}:", *(f"    {key}" for key in keys), *(f"      - {step}" for step in steps)]
    return {"rules/campaigns.yaml": "\n".join(lines).encode()}


@pytest.fixture
def under_way(site, rule_files):
    """A site whose lead waits after the first mail of the course, and a function that publishes another course."""
    assert site.publish(rule_files | course(BASE), 0)["activated"]
    site.live(identified(START, email=ANN), tracked("Signed Up", START), at=START)

    def publish(*parts):
        report = site.publish(rule_files | course(*parts), EDITED_AT)
        clear_cache()
        return report

    return publish


def sent_until(site, days):
    """The day and subject of each mail after the edit."""
    sent, before = [], len(site.mails())
    for now in range(EDITED_AT + 2 * MINUTE, START + round(days * DAY) + 3 * MINUTE, 6 * HOUR):
        for minutes in range(3):
            site.sweep(now + minutes * MINUTE)
            site.act()
            site.score(now + minutes * MINUTE)
        sent += [((now - START) / DAY, mail["Subject"]) for mail in site.mails()[before:]]
        before = len(site.mails())
    return [(round(day, 2), subject.split()[0]) for day, subject in sent]


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        (BASE, [(3.0, "Welcome:"), (6.0, "Shall")]),
        (["mail: confirm-subscription", *BASE], [(3.0, "Welcome:"), (6.0, "Shall")]),
        (["mail: workshop-agenda", "wait: 1d", "mail: first-steps"], [(1.5, "Welcome:")]),
        (["mail: workshop-agenda", "wait: 6d", "mail: first-steps"], [(6.0, "Welcome:")]),
        (BASE[1:], [(3.0, "Welcome:"), (6.0, "Shall")]),
        (BASE[2:], [(1.5, "Welcome:"), (4.5, "Shall")]),
    ],
    ids=["unchanged", "mail inserted", "shorter wait", "longer wait", "first removed", "first and wait removed"],
)
def test_a_lead_under_way_continues_from_its_place(site, under_way, edited, expected):
    assert under_way(edited)["activated"]

    assert sent_until(site, 7) == expected


def test_a_renamed_campaign_continues(site, under_way):
    assert under_way(BASE, "course-new", "was: course")["activated"]
    assert site.score(EDITED_AT) is not None

    assert sent_until(site, 7) == [(3.0, "Welcome:"), (6.0, "Shall")]
    assert stored(site.bucket).renamed == {"course-new": "course"}


def test_a_renamed_step_is_not_sent_again(site, under_way):
    assert under_way(["{name: hello, mail: workshop-agenda, was: workshop-agenda}", *BASE[1:]])["activated"]

    assert sent_until(site, 7) == [(3.0, "Welcome:"), (6.0, "Shall")]


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ((BASE, "course-new"), "campaigns.course-new"),
        ((["{name: hello, mail: workshop-agenda}", *BASE[1:]],), "campaigns.course.steps.hello"),
    ],
)
def test_a_new_name_without_was_is_refused_while_leads_are_under_way(site, under_way, parts, place):
    [problem] = under_way(*parts)["problems"]

    assert problem.startswith(f"rules/campaigns.yaml: {place}: seems to be a new name for ")
    assert "and 1 lead is under way in course" in problem
    assert sent_until(site, 4) == [(3.0, "Welcome:")]


def test_restart_permits_a_new_name(site, under_way):
    assert under_way(BASE, "course-new", "restart: true")["activated"]

    assert sent_until(site, 2) == [(1.5, "Your")]


def test_a_new_name_is_accepted_when_no_lead_is_under_way(site, rule_files):
    assert site.publish(rule_files | course(BASE), 0)["activated"]

    assert site.publish(rule_files | course(BASE, "course-new"), EDITED_AT)["activated"]
