"""What changed between two versions of the rules is told in sentences about rules."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from adapters.rules.rule_files import build
from adapters.rules.yaml_files import read_yaml
from ripen.config.configuration import Configuration, MailTemplate
from ripen.config.schema.base import Model
from ripen.config.upload_limits import SECTIONS
from ripen.rehearsal.patches import patches
from ripen.versions.changes import by_file, changes
from ripen.versions.mails import mail_changes, summaries
from ripen.versions.values import words
from ripen_cli.project import RULES, rule_files
from unit.rule_texts import FILES

STARTER = rule_files(RULES)


@pytest.fixture(scope="module")
def starter():
    return build(STARTER)[0]


def built(**texts):
    files = FILES | {f"rules/{name}.yaml": text for name, text in texts.items()}
    values = [read_yaml(text.encode()).values for text in files.values()]
    return Configuration.model_validate({key: value for one in values for key, value in one.items()})


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("scoring", "points: 20", "points: 21", "`signed-up` gives 21 instead of 20 points"),
        ("scoring", "half_life: 90d", "half_life: 30d", "profile `engagement` halves every 30 days instead of 90"),
        ("scoring", "half_life: 90d", "half_life: 4w", "profile `engagement` halves every 4 weeks instead of 90 days"),
        (
            "scoring",
            "{event: Promotion Clicked}",
            "{event: Promotion Viewed}",
            "`offer-return` needs {event: Promotion Viewed} instead of {event: Promotion Clicked}",
        ),
        (
            "scoring",
            "      signed-up:",
            "      registered:",
            "`signed-up` is removed; `registered` is new: gives 20 points",
        ),
        ("campaigns", "at_least: 150", "at_least: 120", "campaign `personal-note` starts at 120 instead of 150 points"),
        ("phases", "below: 5", "below: 4", "phase `awareness` is entered below 4 instead of 5 points"),
        ("mailing", "language: en", "language: de", "mailing has `language` `de` instead of `en`"),
        ("mailing", "per_week: 2", "per_week: 3", "mailing allows 3 instead of 2 mails in 7 days"),
        ("people", "capacity: 10", "capacity: 8", "rep `lena` takes 8 instead of 10 leads a week"),
        ("people", "[de, en, fr]", "[de, en]", "rep `ines` no longer speaks `fr`"),
        ("people", "name: Jon Avery", "name: Jon Lee", "rep `jon` has `name` “Jon Lee” instead of “Jon Avery”"),
        (
            "people",
            "      # absent:\n      #   - {",
            "      absent:\n        - {",
            "rep `lena` also is away {from: 2026-08-03, until: 2026-08-21, deputy: jon}",
        ),
        ("people", "    ines:", "    ida:", "rep `ines` is removed; rep `ida` is new"),
        (
            "people",
            'numeric: [">=", 250]',
            'numeric: [">=", 200]',
            (
                "rep `ines` needs {traits.employees: {numeric: [>=, 200]}}"
                " instead of {traits.employees: {numeric: [>=, 250]}}"
            ),
        ),
        (
            "people",
            "owner_trait: account_owner",
            "owner_trait: owner",
            "people give a lead to the rep in the trait `owner` instead of “account_owner”",
        ),
        (
            "content",
            "de: Alle Anfragen an einem Ort",
            "de: Anders",
            "content `one-list` has `title.de` “Anders” instead of “Alle Anfragen an einem Ort”",
        ),
        (
            "sources",
            "  - paypal.com",
            "  - example.org",
            "ignored referrers no longer include “paypal.com”; ignored referrers also include “example.org”",
        ),
    ],
)
def test_an_edit_of_the_starter_kit_is_one_sentence(starter, file, old, new, sentence):
    name = f"rules/{file}.yaml"
    edited = STARTER | {name: STARTER[name].decode().replace(old, new, 1).encode()}

    found = changes(starter, build(edited)[0])

    assert {name: "; ".join(texts) for name, texts in by_file(found).items()} == {name: sentence}


CAMPAIGN = """campaigns:
  top-of-mind:
    start: {inactive_for: 60d}
    steps:
      - mail: tips
      - wait: 30d
      - mail: tools
"""


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        ("wait: 30d", "wait: 45d", ["waits 45 days instead of 30"]),
        ("wait: 7d", "wait: 1w", []),
        ("      - wait: 30d\n", "", ["no longer waits 30 days before `tools`"]),
        ("inactive_for: 60d", "inactive_for: 90d", ["starts after 90 days instead of 60 without activity"]),
        ("inactive_for: 60d", "phase: warm", ["starts with {phase: warm} instead of {inactive_for: 60d}"]),
        ("mail: tools", "mail: end", ["no longer sends `tools` after `tips`", "sends `end` after `tips`, new"]),
        (
            "- mail: tools",
            "- {mail: end, was: tools}",
            ["calls the step `tools` now `end`", "sends `end`; before, it sends"],
        ),
        ("- mail: tips", "- mail: tips\n      - mail: end", ["sends `end` before `tools`, new"]),
        (
            "      - mail: tips\n      - wait: 30d\n      - mail: tools\n",
            "      - mail: tools\n      - wait: 30d\n      - mail: tips\n",
            ["in another place"],
        ),
        ("    start", "    valid_for: 3d\n    start", ["gives a step up after 3 days instead of 7"]),
        ("    start", "    again: 90d\n    start", ["may start again after 90 days; before, there was no `again`"]),
        ("  top-of-mind:", "  in-mind:\n    was: top-of-mind", ["campaign `top-of-mind` is now called `in-mind`"]),
        (
            "- mail: tools",
            "- branch: [{when: {lead.known: true}, steps: [{mail: tools}]}]",
            ["no longer sends `tools` after `tips`", "branches 1 ways after `tips`, new"],
        ),
    ],
)
def test_an_edit_of_a_campaign_is_told_by_what_leads_get(old, new, sentences):
    before = CAMPAIGN.replace("30d", "7d") if "7d" in old else CAMPAIGN
    assert old in before

    found = [one.text for one in changes(built(campaigns=before), built(campaigns=before.replace(old, new, 1)))]

    assert bool(found) == bool(sentences), found
    for sentence in sentences:
        assert any(sentence in text for text in found), found


def test_another_spelling_of_the_same_rules_changes_nothing(starter):
    scoring = STARTER["rules/scoring.yaml"].replace(b"half_life: 90d", b"half_life: 2160h # three months")

    assert changes(starter, build(STARTER | {"rules/scoring.yaml": scoring})[0]) == []


def test_removed_and_new_things_are_told(starter):
    campaigns = STARTER["rules/campaigns.yaml"] + b"  extra:\n    start: {phase: loss}\n    mail: first-steps\n"
    after = build(STARTER | {"rules/campaigns.yaml": campaigns})[0]

    assert [one.text for one in changes(starter, after)] == ["campaign `extra` is new: sends `first-steps`"]
    assert [one.text for one in changes(after, starter)] == ["campaign `extra` is removed"]


def test_another_first_phase_is_told():
    before = built(phases="phases:\n  cold: {enter: [{inactive_for: 90d}]}\n  warm: {enter: [{in_phase_for: 3d}]}\n")
    after = built(phases="phases:\n  warm: {enter: [{in_phase_for: 3d}]}\n  cold: {enter: [{inactive_for: 90d}]}\n")

    assert [one.text for one in changes(before, after)] == ["leads begin in phase `warm` instead of `cold`"]


def template(subject="Hi", text="Hello"):
    return MailTemplate(subject=subject, html=text, text=text)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ({}, {"tips": {"en": template()}}, "mail `tips` is new (en)"),
        ({"tips": {"en": template()}}, {}, "mail `tips` is removed"),
        (
            {"tips": {"en": template()}},
            {"tips": {"en": template("Ho")}},
            "mail `tips` has the subject “Ho” instead of “Hi”",
        ),
        ({"tips": {"en": template()}}, {"tips": {"en": template(text="x")}}, "mail `tips` looks or reads differently"),
        ({"tips": {"en": template()}}, {"tips": {"en": template(), "de": template()}}, "exists in `de`, too"),
        ({"tips": {"en": template(), "de": template()}}, {"tips": {"en": template()}}, "no longer exists in `de`"),
    ],
)
def test_changes_of_mails_are_told(before, after, sentence):
    [found] = mail_changes(summaries(before), summaries(after))

    assert sentence in found.text
    assert found.file == "mails/tips"


def test_a_change_of_the_layout_is_one_sentence():
    many = {f"mail-{number}": {"en": template()} for number in range(12)}
    other = {f"mail-{number}": {"en": template(text="x")} for number in range(12)}

    [found] = mail_changes(summaries(many), summaries(other))

    assert found.text.startswith("12 mails look or read differently: `mail-0`, ")


def test_every_section_of_the_rules_has_its_file():
    assert {name for names in SECTIONS.values() for name in names} == {*type(built()).model_fields}


def leaves(value, path=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from leaves(one, (*path, key))
    if not isinstance(value, dict | list):
        yield path, value


def with_leaf(value, path, new):
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = with_leaf(value[path[0]], path[1:], new)
    return copy


def other(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1 if value < 1 or value > 5 else value - 1
    return f"{int(value[:-1]) + 1}{value[-1]}" if value[:-1].isdecimal() else f"{value}x"


def test_a_change_of_any_value_is_told_in_its_file(starter):
    """One value of each kind of place, changed alone wherever the models allow it."""
    whole = starter.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    places = {tuple(key for key in path if key in KEYS): (path, value) for path, value in leaves(whole)}
    told = 0
    for path, value in places.values():
        try:
            after = Configuration.model_validate(with_leaf(whole, path, other(value)))
        except ValidationError:
            continue
        found = changes(starter, after)
        assert found, path
        assert [patch.text for patch in patches(starter, after)] == ["; ".join(change.text for change in found)]
        assert {change.file for change in found} == {next(name for name in SECTIONS if path[0] in SECTIONS[name])}
        told += 1
    assert told > 100


KEYS = {
    name for model in Model.__subclasses__() for one in (model, *model.__subclasses__()) for name in one.model_fields
}


@pytest.mark.parametrize("value", ["x" * 9_000, ["long-name"] * 1_000, {"event": ["Read"] * 1_000}])
def test_a_sentence_has_no_more_than_the_begin_of_a_long_value(value):
    assert len(words(value)) < 130
