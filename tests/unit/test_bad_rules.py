"""Rules that contradict each other, name unknown fields or can never match are reported with file and line."""

from __future__ import annotations

import pytest

from unit.rule_texts import INTERESTS, PERSONAS, SCORING, problems, rule, when


def test_these_rules_are_valid():
    assert problems() == []


RULE = "rules/scoring.yaml:7: profiles.interest.rules.page"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "when: {event: A}, points: 2, once: true, cap: 3",
            f"{RULE}: cap and cap_per_day have no effect together with once",
        ),
        (
            "when: {event: A}, points: 2, once: true, cap_per_day: 3",
            f"{RULE}: cap and cap_per_day have no effect together with once",
        ),
        ("when: {event: A}, points: 2, window: 7d", f"{RULE}: window has no effect without once or cap"),
        (
            "when: {event: A}, points: 2, cap_per_day: 9, window: 7d",
            f"{RULE}: window has no effect without once or cap",
        ),
        (
            "when: {event: A}, points: 2, valid_from: 2026-05-01, valid_until: 2026-04-30",
            f"{RULE}: valid_until 2026-04-30 is before valid_from 2026-05-01, so the rule never counts",
        ),
        ("when: {event: A}, points: 2, valid_from: 2026-02-30", f"{RULE}.valid_from: "),
        ("when: {event: A}, points: 2, valid_from: soon", f"{RULE}.valid_from: "),
        ("when: {event: A}, points: 2, cap: 0", f"{RULE}.cap: must be greater than 0 (it is 0)"),
        ("when: {event: A}, points: .inf", f"{RULE}.points: "),
        ("when: {event: A}, points: .nan", f"{RULE}.points: "),
        ("when: {event: A}, points: {from: total, cap: 3}", f"{RULE}.points.from: "),
        ("when: {event: A}, points: {from: properties.total}", f"{RULE}.points.cap: is missing"),
        (
            "when: {event: A}, points: 2, group: mails",
            f"{RULE}.group: there is no group 'mails' in this profile; known: mail",
        ),
        ("points: 2", f"{RULE}.when: is missing"),
        ("when: {event: A}", f"{RULE}.points: is missing"),
    ],
)
def test_invalid_limits_are_reported(text, expected):
    assert [problem for problem in problems(scoring=rule(text)) if problem.startswith(expected)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "half_life: 10d",
            "half_life: 0d",
            "rules/scoring.yaml:3: profiles.interest.half_life: '0d' is not a duration",
        ),
        ("half_life: 10d", "half_life: 0", "rules/scoring.yaml:3: profiles.interest.half_life: "),
        (
            "half_life: 10d",
            "half_life: -3d",
            "rules/scoring.yaml:3: profiles.interest.half_life: '-3d' is not a duration",
        ),
        ("{cap: 20}", "{}", "rules/scoring.yaml:5: profiles.interest.groups.mail: has no limit; add cap"),
        (
            "A: 20, B: 0",
            "B: 0, A: 20",
            "rules/scoring.yaml:13: grades.priority.fit.levels: the levels are not in descending order",
        ),
        ("A: 20, B: 0", "A: 20, B: 5", "levels: the last level does not begin at 0"),
        ("A: 20, B: 0", "A: 20.1, B: 0", "rules/scoring.yaml:13: grades.priority.fit.levels.A: no lead can reach 20.1"),
        ("profile: value", "profile: valeu", "rules/scoring.yaml:13: grades.priority.fit.profile: there is no profile"),
        ("window: 30d", "window: 30s", "rules/scoring.yaml:16: counts.visits.window: '30s' is shorter than an hour"),
        ("half_life: 10d", "half_life: 10d\n    fit: {a: {when: {traits.a: 1}, points: 1}}", "fit points do not decay"),
        (
            "    rules:\n      signed-up",
            "    fit:\n      signed-up",
            "profiles.value.fit.signed-up.once: is not a known key",
        ),
    ],
)
def test_invalid_profiles_and_grades_are_reported(old, new, expected):
    assert old in SCORING

    found = problems(scoring=SCORING.replace(old, new, 1))

    assert [problem for problem in found if expected in problem], found


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("properties.total: {numeric: ['>', 5, '<', 3]}", "properties.total: no number is > 5 and < 3"),
        ("properties.total: {numeric: ['>', 5, '<', 5]}", "properties.total: no number is > 5 and < 5"),
        ("properties.total: {numeric: ['=', 5, '>=', 6]}", "properties.total: no number is = 5 and >= 6"),
        ("properties: {total: [3, {numeric: ['<', 1, '>', 2]}]}", "properties.total: no number is < 1 and > 2"),
        (
            "lead.scores.intrest: {numeric: ['>', 1]}",
            "lead.scores.intrest: 'intrest' is not defined; known: interest, value",
        ),
        ("lead.grades.priorty: A1", "lead.grades.priorty: 'priorty' is not defined; known: priority"),
        ("lead.grades.priority: C1", "lead.grades.priority: is never 'C1'; possible values: A1, A2, B1, B2"),
        ("lead.counts.visit: 3", "lead.counts.visit: 'visit' is not defined; known: visits"),
        ("lead.scores.value: {numeric: ['>=', 20.1]}", "lead.scores.value: no lead can reach 20.1"),
        ("lead.interests: drills", "lead.interests: is never 'drills'; possible values: mills"),
        ("lead.top_interest: {anything-but: [drills]}", "lead.top_interest: is never 'drills'"),
        ("lead.phase: hot", "lead.phase: is never 'hot'; possible values: cold, warm"),
        ("lead.stage: use", "lead.stage: is never 'use'; possible values: none"),
        ("lead.persona: seller", "lead.persona: is never 'seller'; possible values: engineer, unknown"),
        ("lead.usage: growing", "lead.usage: is never 'growing'; possible values: unknown"),
        ("traits.role: [null, CEO]", "traits.role: is never None; a null is a missing trait; write {exists: false}"),
        ("lead.known: yes", "lead.known: is never 'yes'; its value is true or false"),
        ("session.new: 1", "session.new: is never 1; its value is true or false"),
        ("lead.visits: ['2', 3]", "lead.visits: is never '2'; its value is a number"),
        ("lead.counts.visits: true", "lead.counts.visits: is never True; its value is a number"),
        ("event: 404", "event: is never 404; its value is a text"),
        ("lead.first_touch.channel: paid", "lead.first_touch.channel: is never 'paid'"),
        ("$or: [{lead.phase: hot}, {event: A}]", "lead.phase: is never 'hot'"),
        ("lead: {phase: hot}", "lead.phase: is never 'hot'"),
        (
            "event: A, $or: [{event: B}, {event: [C, D]}]",
            "when.$or.1.event: event: cannot be 'C' or 'D', because the condition also requires 'A'",
        ),
    ],
)
def test_conditions_that_no_event_can_match_are_reported(condition, expected):
    found = problems(scoring=when(condition))

    assert [problem for problem in found if problem.startswith(RULE) and expected in problem], found


def test_conditions_on_usage_accept_only_its_values():
    interests = f"{INTERESTS}usage: {{when: {{event: Signed In}}}}\n"

    assert problems(interests=interests, scoring=when("lead.usage: [growing, unknown]")) == []
    [found] = problems(interests=interests, scoring=when("lead.usage: more"))
    assert found.endswith("lead.usage: is never 'more'; possible values: falling, growing, steady, unknown")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("lead.mood: good", "lead.mood: is not a known field; known fields: phase"),
        ("session.length: 3", "session.length: is not a known field; known fields: number"),
        ("lead.first_touch.colour: red", "lead.first_touch.colour: is not a known field; known fields: channel"),
        ("lead.first_touch: {exists: true}", "lead.first_touch: is not a known field"),
        ("trait.role: x", "trait.role: is not a field of an event"),
        ("lead: {exists: true}", "lead: is not a known field"),
    ],
)
def test_unknown_fields_are_reported(condition, expected):
    found = problems(scoring=when(condition))

    assert [problem for problem in found if problem.startswith(RULE) and expected in problem], found


@pytest.mark.parametrize(
    "condition",
    [
        "properties.total: {numeric: ['>=', 5, '<=', 5]}",
        "lead.persona: unknown",
        "lead.scores.value: {numeric: ['>=', 20]}",
        "lead.scores.interest: {numeric: ['>=', 999999]}",
        "lead.grades.priority: [A1, {prefix: B}]",
        "lead.visits: {numeric: ['>', 3]}",
        "lead.visits: [1, {numeric: ['>', 3]}, {exists: false}]",
        "lead.known: false",
        "event: {anything-but: Page Viewed}",
        "lead.last_touch.channel: {anything-but: direct}",
        "event: [A, B], $or: [{event: A}, {event: B, properties.path: /mills}]",
    ],
)
def test_conditions_that_an_event_can_match_are_valid(condition):
    assert problems(scoring=when(condition)) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "weight: 0.6",
            "weight: 0.4",
            "rules/personas.yaml:2: personas.engineer.at_least: no lead can reach 0.5, because all",
        ),
        ("weight: 0.6", "weight: 1.1", "rules/personas.yaml:4: personas.engineer.evidence.role.weight: "),
        (
            "{traits.role: engineer}",
            "{lead.persona: engineer}",
            "lead.persona: evidence of a persona cannot test the lead's persona",
        ),
        (
            "    evidence:",
            "    at_least: 0.61\n    evidence:",
            "rules/personas.yaml:3: personas.engineer.at_least: no lead",
        ),
        ("    evidence:", "    evidnce:", "rules/personas.yaml:3: personas.engineer.evidnce: is not a known key"),
    ],
)
def test_personas_that_no_lead_can_have_are_reported(old, new, expected):
    found = problems(personas=PERSONAS.replace(old, new, 1))

    assert [problem for problem in found if expected in problem], found


def test_fit_rules_test_only_traits():
    fit = "    fit: {a: {when: {event: Page Viewed}, points: 1}}\n"

    [problem] = problems(scoring=SCORING.replace("grades:", f"{fit}grades:"))

    assert problem.startswith(
        "rules/scoring.yaml:11: profiles.value.fit.a.when.event: event: a fit rule can test only traits"
    )


def test_again_below_may_not_exceed_at_least():
    start = "{score: {profile: interest, at_least: 5, again_below: 6}}"

    found = problems(campaigns=f"campaigns:\n  tips:\n    start: {start}\n    mail: tips\n")

    assert [problem for problem in found if "again_below 6 is above at_least; write 5 or less" in problem], found


def test_a_day_may_be_written_without_quotes():
    text = rule("when: {event: A, traits.contract_ends: 2026-12-31}, points: 2, valid_from: 2026-03-01")

    assert problems(scoring=text) == []


@pytest.mark.parametrize("text", ["title: 2026-02-30", "title: !!int many", "title: !!timestamp soon"])
def test_a_value_that_yaml_cannot_convert_is_reported_like_any_other_problem(text):
    found = problems(scoring=SCORING.replace("half_life: 10d", f"{text}\n    half_life: 0d"))

    assert found
    assert all(problem.startswith("rules/scoring.yaml") for problem in found)
