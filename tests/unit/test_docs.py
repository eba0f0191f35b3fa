"""The documents are correct and complete: examples run, and every key, fact and alarm is documented."""

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

import track.handler
from adapters.delivery import mailer
from adapters.mail.jinja import CONTENT_FIELDS, LEAD_FIELDS, MAIL_FIELDS
from adapters.mail.links import Links
from adapters.rules.rule_files import SECTIONS, build
from alarms import alarms, expanded
from ripen.conditions import fields
from ripen.conditions.pattern import compile_pattern
from ripen.config import configuration
from ripen.events.event import Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_rules
from ripen.messages.mail_context import MailContext
from ripen.scoring import trends
from ripen.sessions.attribution import VISIT_GAP
from ripen.sessions.channel_groups import CHANNEL_GROUPS
from ripen.storage.ledger import read_events
from ripen.times import DAY, MINUTE, parse_iso
from ripen_cli.project import rule_files

ROOT = Path(__file__).parents[2]
HIDDEN = {".venv", ".ripen", ".aws-sam", "build", "node_modules", ".git", ".pytest_cache"}
DOCUMENTS = sorted(
    path for path in ROOT.rglob("*.md") if not HIDDEN & set(path.relative_to(ROOT).parts) and path.stat().st_size
)
REFERENCE = [
    ROOT / "docs" / "reference" / f"{name}.md"
    for name in (
        *("rules", "sources", "conditions", "events"),
        *("scoring", "personas", "lifecycle", "facts", "campaigns", "people", "decisions", "offers", "pages"),
    )
]
README = (ROOT / "README.md").read_text()
GO_LIVE = (ROOT / "docs" / "tutorials" / "go-live-on-aws.md").read_text()
RULES = "\n".join([*(path.read_text() for path in REFERENCE), README, GO_LIVE])
OPERATING = (ROOT / "docs" / "how-to" / "operate.md").read_text()
PARAMETERS = (ROOT / "docs" / "reference" / "parameters.md").read_text()
DEPENDENCIES = (ROOT / "docs" / "reference" / "dependencies.md").read_text()
SENDING = (ROOT / "docs" / "how-to" / "send-events.md").read_text()
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_OF = {section: name for name, sections in SECTIONS.items() for section in sections}


def fences(text, language):
    return [body for found, body in FENCE.findall(text) if found == language]


def starter_files():
    return rule_files(ROOT / "infra")


def yaml(text):
    return YAML(typ="safe", pure=True).load(text)


# ---------------------------------------------------------------- the reference of the rules

WHOLE_FILES = [body for body in fences(RULES, "yaml") if body.partition(":")[0] in FILE_OF]


def file_of(body):
    return FILE_OF[body.partition(":")[0]]


def documented_files():
    """The first example of each file, which together are one configuration, with the starter mails."""
    starter = {name: content for name, content in starter_files().items() if name.startswith("mails/")}
    named = {name for body in WHOLE_FILES for name in re.findall(r"mail: ([a-z-]+)$", body, re.MULTILINE)}
    mails = {f"mails/{name}/en.mjml": starter["mails/first-steps/en.mjml"] for name in named}
    return starter | mails | {file_of(body): body.encode() for body in reversed(WHOLE_FILES)}


def test_every_yaml_example_is_a_whole_file_or_a_condition():
    assert {body.partition(":")[0] for body in fences(RULES, "yaml")} <= {*FILE_OF, "when"}
    assert {file_of(body) for body in WHOLE_FILES} == {*SECTIONS}


def test_the_first_examples_of_all_files_are_one_valid_configuration():
    build(documented_files())


@pytest.mark.parametrize("body", WHOLE_FILES, ids=file_of)
def test_every_rule_file_in_the_documents_is_valid(body):
    if file_of(body) == "rules/scoring.yaml" and body.encode() not in documented_files().values():
        build({"rules/scoring.yaml": body.encode(), "rules/phases.yaml": b"phases: {new: {}}"})
    elif file_of(body) == "rules/mailing.yaml" and body.encode() not in documented_files().values():
        others = {name: text for name, text in documented_files().items() if name != "rules/people.yaml"}
        build(others | {"rules/mailing.yaml": body.encode(), "rules/campaigns.yaml": b"campaigns: {}"})
    else:
        build(documented_files() | {file_of(body): body.encode()})


def point_stories():
    """Each table of events with the scoring rules above it: (rules, lines)."""
    rules = None
    for language, body in FENCE.findall(RULES):
        if language == "points":
            yield rules, body.strip().splitlines()
        rules = body


@pytest.mark.parametrize(("rules", "lines"), [*point_stories()])
def test_every_documented_score_is_correct(rules, lines):
    built, _, _ = build({"rules/scoring.yaml": rules.encode(), "rules/phases.yaml": b"phases: {new: {}}"})
    compiled = compile_rules(built, "documented")
    events = []
    for n, line in enumerate(lines):
        moment, name, details, score = (part.strip() for part in line.split("|"))
        at, given = parse_iso(moment), json.loads(details)
        told = {"traits": given} if name == "Identified" else {"properties": given}
        events.append(Event(f"m{n:02}", name, at, "website", **told))
        [shown] = fold("a:ann", events, compiled, at).scores.values()
        assert f"{shown.at(at):.1f}" == score, line


def test_there_is_a_table_of_points_for_most_scoring_examples():
    assert len([*point_stories()]) == len([body for body in WHOLE_FILES if file_of(body) == "rules/scoring.yaml"]) - 1


def conditions():
    """Each `when:` example with the events beside it: (condition, event, whether it matches)."""
    condition = None
    for match in FENCE.finditer(RULES):
        language, body = match.groups()
        if language == "yaml":
            condition = yaml(body).get("when")
        elif language == "json" and condition:
            label = RULES[: match.start()].rstrip().rpartition("\n")[2]
            assert label in ("Matches:", "Does not match:"), label
            yield condition, json.loads(body), label == "Matches:"


@pytest.mark.parametrize(("condition", "event", "matches"), [*conditions()])
def test_every_condition_matches_as_documented(condition, event, matches):
    facts = {"properties": {}, "context": {}, "traits": {}} | event
    assert compile_pattern(condition)(facts) is matches


def test_every_condition_is_shown_matching_and_not_matching():
    whens = [body for body in fences(RULES, "yaml") if body.startswith("when:")]
    shown = {(json.dumps(condition), matches) for condition, _, matches in conditions()}
    assert len(shown) == 2 * len(whens)


def models(kind, seen=None):
    seen = set() if seen is None else seen
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in seen:
            seen.add(kind)
            for field in kind.model_fields.values():
                models(field.annotation, seen)
    else:
        for inner in getattr(kind, "__args__", ()):
            models(inner, seen)
    return seen


def keys():
    return {
        field.alias or name
        for model in models(configuration.Configuration)
        for name, field in model.model_fields.items()
    }


def test_every_key_is_documented():
    assert len(keys()) > 15
    assert {key for key in keys() if f"`{key}`" not in RULES} == set()


def test_every_key_is_used_in_an_example():
    assert {key for key in keys() if not any(re.search(rf"\b{key}:", body) for body in WHOLE_FILES)} == set()


def test_every_fact_is_documented():
    facts = [f"session.{name}" for name in fields.SESSION_FIELDS]
    facts += [f"lead.{name}" for name in (*fields.LEAD_FIELDS, "first_touch.<part>", "last_touch.<part>")]
    facts += [f"lead.{name}.<" for name in fields.NAMED_LEAD_FIELDS]
    facts += [*fields.EVENT_FIELDS, *fields.TOUCH_FIELDS]
    assert {fact for fact in facts if f"`{fact}" not in RULES} == set()


def test_every_channel_is_documented():
    assert {channel for channel in CHANNEL_GROUPS if f"`{channel}`" not in RULES} == set()


@pytest.mark.parametrize(
    "operator", ["prefix", "suffix", "wildcard", "equals-ignore-case", "anything-but", "numeric", "exists", "$or"]
)
def test_every_operator_is_shown_in_a_condition(operator):
    assert any(f"{operator}:" in body for body in fences(RULES, "yaml") if body.startswith("when:"))


def test_documented_constants_of_trends_are_those_of_the_code():
    text = (ROOT / "docs" / "reference" / "facts.md").read_text()
    assert f"half after {trends.RECENT // DAY} days" in text
    assert f"half after {trends.PAST // DAY} days" in text
    assert f"ratio ≥ {trends.SURGE:g} and *n₇* ≥ {trends.SURGE_EVENTS:g}" in text
    assert f"ratio ≥ {trends.GROWING:g} and *n₅₆* ≥ {trends.USAGE_EVENTS:g}" in text
    assert f"ratio ≤ {trends.FALLING:g} and *n₅₆* ≥ {trends.USAGE_EVENTS:g}" in text
    assert f"the last {trends.ORDERS_KEPT} orders" in text
    assert f"after {VISIT_GAP // MINUTE} minutes" in text


def test_every_operator_is_documented():
    operators = {"prefix", "suffix", "anything-but", "numeric", "exists", "equals-ignore-case", "wildcard", "$or"}
    assert {name for name in operators if f"`{name}`" not in RULES} == set()


MAILS = "".join((ROOT / "docs" / page).read_text() for page in ("how-to/write-mails.md", "reference/mails.md"))
LETTER = MailContext("welcome", "hello", "hello", "en")
LINKS = Links("https://go.example", "")


@pytest.mark.parametrize("traits", [{}, {"firstName": "Ada", "company": "Example", "role": "engineer"}])
@pytest.mark.parametrize("own_text", [True, False])
def test_the_mail_in_the_document_can_be_rendered_for_every_lead(traits, own_text):
    [mjml], [text], [layout] = (fences(MAILS, language) for language in ("mjml", "jinja", "xml"))
    files = starter_files() | {"mails/checklist/en.mjml": mjml.encode(), "mails/layout.mjml": layout.encode()}
    files |= {"mails/checklist/en.txt": text.encode()} if own_text else {}
    lead = SimpleNamespace(
        known_traits=traits, phase="information", scores={"engagement": 0}, score=lambda _profile: 120.0
    )

    mail = mailer.render(build(files)[1]["checklist"]["en"], mailer.facts(lead, LETTER, LINKS))

    assert mail.subject == ("Your checklist, Ada" if traits else "Your checklist")
    assert "Would you like" in mail.html
    assert "https://www.example.com/checklist" in mail.text
    assert "Unsubscribe: https://go.example/v1/unsubscribe?t=" in mail.text


def test_every_variable_of_a_mail_is_documented():
    fields = {"lead": LEAD_FIELDS, "mail": MAIL_FIELDS, "content": CONTENT_FIELDS}
    names = {f"{variable}.{field}" for variable, known in fields.items() for field in known}
    assert {name for name in names if f"`{name}" not in MAILS} == set()


# ---------------------------------------------------------------- operating and sending events


def template_names(section, pattern):
    template = (ROOT / "template.yaml").read_text()
    body = re.search(rf"^{section}:\n(.*?)(?=^\S|\Z)", template, re.MULTILINE | re.DOTALL)[1]
    return set(re.findall(pattern, body, re.MULTILINE))


def test_make_lists_what_it_can_make():
    command, path = [shutil.which("make")], {"PATH": os.environ["PATH"]}  # without the options of a make around it
    listed = subprocess.run(command, cwd=ROOT, env=path, capture_output=True, text=True, check=True)

    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^  make ([a-z]+) ", listed.stdout, re.MULTILINE)) == targets
    assert {"help", "demo", "test"} <= targets


def test_every_parameter_is_documented():
    parameters = template_names("Parameters", r"^  (\w+):$")
    assert "SenderAddress" in parameters
    assert {name for name in parameters if f"`{name}`" not in PARAMETERS} == set()


def test_every_alarm_is_documented():
    names = set(alarms(expanded()))
    assert "LeadDeadLettersAlarm" in names
    assert {name for name in names if f"`{name}`" not in OPERATING} == set()


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    for path in (ROOT / "functions" / "requirements.in", *(ROOT / "infra" / "local").glob("*.txt")):
        pins += [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    names = {re.split(r"[\[=]", pin)[0] for pin in pins}
    assert {name for name in names if f"`{name}`" not in DEPENDENCIES} == set()


def curls():
    for body in fences(README + SENDING, "sh"):
        yield from re.findall(r"^curl .*?(?=^curl |\Z)", body, re.MULTILINE | re.DOTALL)


SOURCES = configuration.compile_sources(build(starter_files())[0])


@pytest.fixture
def written(tracking):
    return tracking(SOURCES)


@pytest.mark.parametrize("command", [*curls()], ids=lambda command: re.search(r"/v1/(\w+)", command)[1])
def test_every_curl_example_is_accepted(command, written):
    answer = track.handler.handler(function_url_event(command), None)

    assert answer["statusCode"] == 200, answer["body"]
    assert json.loads(answer["body"]) == {"success": True}
    assert read_events(written)


def function_url_event(command):
    """The request that a curl command makes, as Lambda hands it to the function."""
    words = shlex.split(command)
    given = {word: words[n + 1] for n, word in enumerate(words[:-1]) if word in ("--json", "--user")}
    [url] = [word for word in words if "/v1/" in word]
    parts = urlsplit(url.replace("$TRACK_URL", "https://track.example"))
    user = base64.b64encode(given["--user"].encode()).decode() if "--user" in given else ""
    return {
        "requestContext": {
            "http": {"method": "POST", "path": parts.path},
            "timeEpoch": 1_795_166_047_600,
        },
        "headers": {"authorization": f"Basic {user}"} if user else {},
        "queryStringParameters": dict(parse_qsl(parts.query)),
        "body": given["--json"],
        "isBase64Encoded": False,
    }


def test_every_call_has_a_curl_example():
    assert {re.search(r"/v1/(\w+)", command)[1] for command in curls()} == {"track", "page", "identify", "batch"}


# ---------------------------------------------------------------- all documents


def anchors(path):
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_has_an_existing_target(document):
    text = FENCE.sub("", document.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_make_command_is_a_target(document):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = document.read_text()
    commands = re.findall(r"`make ([a-z]+)", text) + re.findall(r"^(?:\$ )?make ([a-z]+)", text, re.MULTILINE)
    inside = {command for body in fences(text, "sh") for command in re.findall(r"^make ([a-z]+)", body, re.MULTILINE)}
    assert {*commands, *inside} <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_of_the_project_that_is_named_exists(document):
    text = FENCE.sub("", document.read_text())
    named = re.findall(r"`((?:functions|cli|infra|tests|bench|docs)/[\w./-]+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
