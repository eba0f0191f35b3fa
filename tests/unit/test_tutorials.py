"""The rules, messages, points, steps and commands in the tutorials are correct."""

import re
import shlex
from pathlib import Path

import boto3
import click
import pytest
from botocore import xform_name
from click.testing import CliRunner

from ripen_cli.demo.story import STEPS
from ripen_cli.main import main
from ripen_cli.project import rule_files
from tutorial import apply_diff

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
CHANGE = (TUTORIALS / "change-a-rule.md").read_text()
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCORING = "rules/scoring.yaml"


def fences(text, language):
    return [body for found, body in FENCE.findall(text) if found == language]


DIFFS = fences(CHANGE, "diff")


@pytest.fixture
def folder(tmp_path):
    """The starter kit with the first edit of the tutorial."""
    for name, content in rule_files(ROOT / "infra").items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    apply_diff(tmp_path / SCORING, DIFFS[0])
    return tmp_path


def check(folder):
    return CliRunner().invoke(main, ["rules", "check", str(folder)])


def test_the_edited_rules_are_valid_and_counted_as_the_tutorial_shows(folder):
    done = check(folder)

    assert done.exit_code == 0, done.output
    assert re.sub(r" \(version \w+\)\.$", "", done.output.strip()) == fences(CHANGE, "text")[0].strip()


def test_the_mistake_is_reported_as_the_tutorial_shows_until_it_is_undone(folder):
    [told] = [body for body in fences(CHANGE, "text") if "pionts" in body]

    apply_diff(folder / SCORING, DIFFS[1])
    broken = check(folder)
    apply_diff(folder / SCORING, DIFFS[2])

    assert broken.exit_code == 1
    assert broken.output == told
    assert check(folder).exit_code == 0


def test_the_first_tutorial_has_the_steps_that_the_demo_checks():
    rows = re.findall(r"^\| (.+) \| ([\d.]+) \| (\w+) \|$", (TUTORIALS / "first-lead.md").read_text(), re.MULTILINE)
    assert [(float(score), phase) for _, score, phase in rows] == [(step.score, step.phase) for step in STEPS]


def commands():
    for page in PAGES:
        for line in re.findall(r"\.venv/bin/ripen ([^`\n#]+)", page.read_text()):
            yield pytest.param(line, id=f"{page.name}: {line.strip()}")


@pytest.mark.parametrize("line", [*commands()])
def test_every_documented_ripen_command_exists(line, monkeypatch, tmp_path):
    for path in ROOT.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "my-rules").mkdir(exist_ok=True)  # of the tutorial about a rule
    monkeypatch.chdir(tmp_path)
    words, command = shlex.split(line), main
    context = click.Context(main)
    while isinstance(command, click.Group) and words and (inner := command.get_command(context, words[0])):
        command = inner
        words.pop(0)

    assert command is not main
    assert command.make_context("ripen", words)


def test_the_documents_contain_many_commands():
    assert len([*commands()]) > 25


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_uploaded_folder_and_every_named_output_exists(page):
    text, template = page.read_text(), (ROOT / "template.yaml").read_text()
    outputs = set(re.findall(r"^  (\w+):$", template.partition("\nOutputs:\n")[2], re.MULTILINE))
    assert {"TrackUrl", "RulesBucketName"} <= outputs

    copied = re.findall(r"^aws s3 cp (?:--recursive )?(infra/\S+) ", text, re.MULTILINE)
    assert [name for name in copied if not (ROOT / name).is_dir()] == []
    assert set(re.findall(r"s3://<(\w+)>", text)) <= outputs


GO_LIVE = (TUTORIALS / "go-live-on-aws.md").read_text()
EVERYWHERE = {"query", "output", "region"}
"""The options of the AWS CLI that every command has."""


def aws_commands():
    """Each command of the AWS CLI in a document, but for `aws s3`, which is no API of its own."""
    for page in PAGES:
        for body in fences(page.read_text(), "sh"):
            for line in re.findall(r"^aws (?!s3 )(.+)$", body.replace("\\\n", " "), re.MULTILINE):
                yield pytest.param(line, id=f"{page.name}: {line[:60]}")


@pytest.mark.parametrize("line", [*aws_commands()])
def test_every_documented_aws_command_has_the_options_of_the_api(line):
    service, command, *words = shlex.split(line, comments=True)
    client = boto3.client(service, region_name="eu-central-1")
    model = client.meta.service_model
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    if command == "wait":
        waiter = client.get_waiter(words.pop(0).replace("-", "_"))
        operations[command] = waiter.config.operation
    shape = model.operation_model(operations[command]).input_shape
    members = {xform_name(name, "-"): name for name in shape.members} if shape else {}
    given = {word.removeprefix("--") for word in words if word.startswith("--")} - EVERYWHERE

    assert given <= members.keys()
    assert {*(shape.required_members if shape else ())} <= {members[name] for name in given}


def test_the_readme_names_the_ten_steps_of_the_tutorial_and_their_commands():
    readme = (ROOT / "README.md").read_text().partition("\n## Deploy\n")[2].partition("\n## ")[0]
    steps = re.findall(r"^(\d+)\. \*\*(.+?)\*\*(.*)$", readme, re.MULTILINE)
    headings = re.findall(r"^## (\d+)\. (.+)$", GO_LIVE, re.MULTILINE)

    assert [(number, title) for number, title, _ in steps] == headings
    assert [int(number) for number, _ in headings] == [*range(1, 11)]
    sections = re.split(r"^## ", GO_LIVE, flags=re.MULTILINE)[1:]
    for (_, title, text), section in zip(steps, sections, strict=False):
        for command in re.findall(r"`((?:make|aws|\.venv/bin/ripen) [^`]+)`", text):
            assert f"\n{command}\n" in section, title
    assert ".venv/bin/ripen verify`" in steps[-1][2]
