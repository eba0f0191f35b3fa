"""The JSON Schemas of the rule files say the same as the check, as far as one file alone can tell."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest
from jsonschema_rs import Draft7Validator

from adapters.rules.yaml_files import read_yaml
from ripen.config.json_schema import schema_files
from ripen.config.upload_limits import SECTIONS
from ripen_cli.project import RULES, rule_files
from stories import few_rules
from unit.rule_texts import FILES, when
from unit.test_docs import WHOLE_FILES, file_of

SCHEMAS = {f"rules/{PurePosixPath(name).stem}.yaml": json.loads(text) for name, text in schema_files().items()}
VALIDATORS = {name: Draft7Validator(schema) for name, schema in SCHEMAS.items()}
STARTERS = {name: content for name, content in rule_files(RULES).items() if name in SECTIONS}


def accepts(name, text):
    values = read_yaml(text if isinstance(text, bytes) else text.encode()).values
    return VALIDATORS[name].is_valid(json.loads(json.dumps(values)))


def test_every_rule_file_has_a_schema():
    assert SCHEMAS.keys() == SECTIONS.keys()


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_file_names_its_schema_beside_the_rules_and_is_accepted(name):
    first = STARTERS[name].decode().splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")

    assert (RULES / "rules" / schema).resolve() == RULES / "schemas" / f"{PurePosixPath(name).stem}.json"
    assert json.loads((RULES / "rules" / schema).read_text()) == SCHEMAS[name]
    assert accepts(name, STARTERS[name])


def test_the_rule_files_of_the_documentation_are_accepted():
    assert [body for body in WHOLE_FILES if not accepts(file_of(body), body)] == []


@pytest.mark.parametrize("files", [few_rules(), FILES], ids=["integration tests", "unit tests"])
def test_the_rule_files_of_tests_are_accepted(files):
    rules = {name: content for name, content in files.items() if name in SECTIONS}

    assert rules
    assert [name for name, content in rules.items() if not accepts(name, content)] == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("scoring", "half_life: 90d", "half_life: 0d"),
        ("scoring", "half_life: 90d", "half_life: 90"),
        ("scoring", "half_life: 90d", "half_life: 59m"),
        ("scoring", "half_life: 90d", "half_life: 3599s"),
        ("scoring", "half_life", "half_live"),
        ("scoring", "points: 20", "points: many"),
        ("scoring", "points: 20", "points: 2000000"),
        ("scoring", "wildcard", "wildcart"),
        ("scoring", "{event: Signed Up}", "{evnt: Signed Up}"),
        ("scoring", "{event: Signed Up}", "{event: {prefixx: S}}"),
        ("scoring", "{event: Signed Up}", "{$or: [{event: a}, {trait.b: c}]}"),
        ("scoring", "{event: Signed Up}", "{$or: [{event: a}]}"),
        ("scoring", "{event: Signed Up}", "{lead.mood: good}"),
        ("scoring", "{event: Signed Up}", "{lead: {mood: good}}"),
        ("scoring", "{event: Signed Up}", "{session.length: 3}"),
        ("scoring", "{event: Signed Up}", "{lead.first_touch.colour: red}"),
        ("scoring", "{event: Signed Up}", "{event: []}"),
        ("scoring", "{event: Signed Up}", "{}"),
        ("scoring", "{event: Signed Up}", "{properties.total: {numeric: [5, '>']}}"),
        ("scoring", "{event: Signed Up}", "{properties.total: [{exists: maybe}]}"),
        ("scoring", "  engagement:", "  Engagement:"),
        ("scoring", "profiles:", "profile:"),
        ("phases", "below: 5", "under: 5"),
        ("phases", "below: 5", "below: 5, at_least: 4"),
        ("phases", "below: 5", "below: 0"),
        ("campaigns", "start: {phase: purchase}", "start: {phase: purchase, inactive_for: 3d}"),
        ("campaigns", "start: {phase: purchase}", "start: {phase: purchase, after: {event: x}}"),
        ("campaigns", "start: {phase: purchase}", "start: {}"),
        ("campaigns", "mail: first-steps", "mail: first-steps\n        handoff: sales"),
        ("campaigns", "mail: first-steps", "male: first-steps"),
        ("campaigns", "at_least: 150", "at_least: -1"),
        ("campaigns", "campaigns:", "campaigns: 5\nx:"),
        ("mailing", "language: en", "language: english"),
        ("mailing", "timezone:", "time_zone:"),
        ("sources", "kind: browser", "kind: brwoser"),
        ("sources", '["*"]', '["www.example.com"]'),
        ("offers", "placement: overlay", "placement: overlord"),
    ],
)
def test_a_mistake_that_one_file_shows_is_refused(name, old, new):
    text = STARTERS[f"rules/{name}.yaml"].decode()
    assert old in text

    assert not accepts(f"rules/{name}.yaml", text.replace(old, new, 1))


@pytest.mark.parametrize(
    "condition",
    [
        "event: {anything-but: {prefix: [A, B]}}",
        "event: [A, {suffix: B}, {anything-but: [C]}]",
        "properties: {total: [3, {numeric: ['<', 1]}], inner: {deep: x}}",
        "properties.total: {numeric: ['>', 5, '<=', 7]}",
        "properties.inner: {deep: {exists: false}}",
        "traits.prefix: {prefix: x}",
        "lead: {phase: cold, scores: {interest: {numeric: ['>', 1]}}, first_touch: {channel: direct}}",
        "lead.grades.priority: A1, lead.counts.visits: {exists: true}",
        "lead.first_touch: {source: x}",
        "session: {new: true}, context.page: {$or: [{path: /a}, {title: null}]}",
    ],
)
def test_a_valid_condition_is_accepted(condition):
    assert accepts("rules/scoring.yaml", when(condition))
