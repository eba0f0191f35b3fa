"""A message about an unknown name suggests the one that was probably meant."""

from __future__ import annotations

import re

import pytest

import template
from adapters.rules.rule_files import build, warnings_of
from ripen.config.configuration import Configuration
from ripen.config.schema.keys import keys_at
from ripen.config.upload_limits import is_ignored, misplaced
from ripen.errors import InvalidConfigurationError
from ripen.suggestions import closest, did_you_mean
from ripen.validation.event_names import MADE_BY_RIPEN
from ripen_cli.project import RULES, rule_files


@pytest.fixture(scope="module")
def starter():
    return rule_files(RULES)


def edited(files, name, old, new):
    text = files[f"rules/{name}.yaml"].decode()
    assert old in text
    return files | {f"rules/{name}.yaml": text.replace(old, new, 1).encode()}


def problems(files):
    with pytest.raises(InvalidConfigurationError) as error:
        build(files)
    return error.value.problems


def warnings(files, *sent):
    return warnings_of(files, build(files)[0], sent)


@pytest.mark.parametrize(
    ("name", "old", "new", "meant"),
    [
        ("scoring", "cap_per_day:", "cap_per_dya:", "'cap_per_day'"),
        ("phases", "from: [", "form: [", "'from'"),
        ("campaigns", "mail: welcome\n", "mail: wellcome\n", "'welcome'"),
        ("campaigns", "transactional: true", "transaktional: true", "'transactional'"),
        ("campaigns", "profile: engagement", "profile: engagment", "'engagement'"),
        ("mailing", "mon,", "mo,", "'mon'"),
        ("personas", "traits.role", "trait.role", "'traits'"),
        ("phases", "phases:", "phasses:", "'phases'"),
        ("content", "interests: [", "interests: [quotin, ", "'quoting'"),
    ],
)
def test_a_misspelt_name_is_reported_with_the_right_one(starter, name, old, new, meant):
    found = problems(edited(starter, name, old, new))

    assert any(f"Did you mean {meant}?" in problem for problem in found), found


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("rules/scorring.yml", "rules/scoring.yaml"),
        ("rules/Scoring.YAML", "rules/scoring.yaml"),
        ("rules/scoring.yaml.txt", "rules/scoring.yaml"),
        ("mails/phases.yaml", "rules/phases.yaml"),
        ("rules/welcome/de.mjml", "mails/welcome/de.mjml"),
        ("mails/Welcome Mail/en.mjml", "mails/welcome-mail/en.mjml"),
        ("mails/welcome/en.html", "mails/welcome/en.mjml"),
        ("rules/layout.mjml", "mails/layout.mjml"),
    ],
)
def test_a_misplaced_file_is_reported_with_its_right_place(starter, name, place):
    [problem] = problems(starter | {name: b"x"})

    assert problem.startswith(f"{name}: is not ")
    assert problem.endswith(f". Did you mean {place}?")


@pytest.mark.parametrize(
    "name",
    [
        *("rules/.DS_Store", "mails/welcome/Thumbs.db", "mails/~$agenda.docx", "rules/scoring.yaml~", "rules/#x.yaml#"),
        *("rules/.scoring.yaml.swp", "rules/scoring.yaml.bak", "mails/desktop.ini", "mails/__MACOSX/welcome/en.mjml"),
        *("mails/agenda.docx", "mails/welcome/logo.png", "rules/.git/config", "rules/._scoring.yaml"),
    ],
)
def test_files_of_systems_and_editors_are_ignored(starter, name):
    assert is_ignored(name)
    assert build(starter | {name: b"\xff"}) == build(starter)


def test_no_rule_file_and_no_mail_is_ignored(starter):
    assert not [name for name in starter if is_ignored(name)]


def test_rule_files_outside_of_their_folders_are_reported():
    names = ["infra/rules/scoring.yaml", "scoring.yml", "mail/welcome/de.mjml", "notes.txt", "rules/scoring.yaml"]

    assert [*misplaced(names)] == [
        "infra/rules/scoring.yaml: is not read here; it belongs in rules/scoring.yaml",
        "mail/welcome/de.mjml: is not read here; it belongs in mails/welcome/de.mjml",
    ]


def test_a_misspelt_event_is_a_warning_with_its_line(starter):
    files = edited(starter, "scoring", "{event: Signed Up}", "{event: Sign Up}")

    [warning] = warnings(files)

    assert re.match(r"rules/scoring\.yaml:\d+:\d+: profiles\.engagement\.rules\.signed-up\.when\.event: ", warning)
    assert warning.endswith("no source has sent 'Sign Up' yet, and no other rule uses it. Did you mean 'Signed Up'?")


def test_an_event_that_was_sent_causes_no_warning(starter):
    files = edited(starter, "scoring", "{event: Signed Up}", "{event: Sign Up}")

    assert not [warning for warning in warnings(files, "Sign Up", "Page Viewed") if "Sign Up" in warning]


def test_unknown_events_are_reported_together_once_sent_events_are_known(starter):
    assert warnings(starter) == []

    told = warnings(starter, "Page Viewed")

    assert all("no source has sent these events yet, and no other rule uses them: " in warning for warning in told)
    assert len({warning.partition(":")[0] for warning in told}) == len(told)


def test_every_documented_event_of_ripen_is_known():
    rows = (template.ROOT / "docs" / "reference" / "events.md").read_text().splitlines()
    named = {name for row in rows if row.startswith("| `") for name in re.findall(r"`([^`]+)`", row.split("|")[1])}

    assert {name for name in named if name[0].isupper() and "." not in name} <= MADE_BY_RIPEN


def test_the_keys_of_a_place_are_found_through_lists_mappings_and_unions():
    assert "cap_per_day" in keys_at(Configuration, ("profiles", "p", "rules", "r"))
    assert "from" in keys_at(Configuration, ("profiles", "p", "rules", "r", "points", "<mapping>"))
    assert "wait" in keys_at(Configuration, ("campaigns", "c", "steps", 0, "branch", 1, "steps", 2))
    assert keys_at(Configuration, ("profiles",)) == []
    assert keys_at(Configuration, ("nothing", "x")) == []


def test_no_suggestion_is_made_without_a_similar_name():
    assert did_you_mean("zebra", ["welcome", "agenda"]) == ""
    assert closest("x" * 10_000, ["x" * 9_999]) == ""
    assert closest("signed_up", ["Signed Up"]) == "Signed Up"
