"""`ripen rules rehearse`: on files of events, and on a deployment, in which it changes nothing."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode

import pytest
from click.testing import CliRunner

from adapters.rules import isolated_check
from adapters.rules.active import stored
from integration.people import SOURCES
from ripen.config.configuration import ActiveConfiguration
from ripen.rehearsal.reading import Period
from ripen.times import DAY, to_iso
from ripen_cli.main import main
from ripen_cli.project import rule_files
from ripen_cli.rehearse import command
from ripen_cli.rehearse.work import Part, Table, Task, rehearse_files, rehearse_table
from stories import START, identified, tracked

_checks = {}


@pytest.fixture(autouse=True)
def _checked_once(monkeypatch):
    """Checks the same files once, because each check starts a process."""
    check = isolated_check.check

    def once(files):
        key = tuple(sorted(files.items()))
        if key not in _checks:
            _checks[key] = check(files)
        return _checks[key]

    monkeypatch.setattr(isolated_check, "check", once)


SCORING = "profiles: {p: {rules: {talk: {when: {event: Talk}, points: %s}}}}"
PHASES = "phases: {cold: {}, warm: {enter: [{score: {profile: p, at_least: 10}}]}}"
MAILING = "mailing: {recipients: {sales: {mail: sales@example.com}}}"
CAMPAIGNS = """
campaigns:
  asked:
    start: {event: {event: Asked}}
    steps: [{handoff: sales}]
"""


def folder(path, points=5, campaigns=CAMPAIGNS, **files):
    rules = path / "rules"
    rules.mkdir(parents=True)
    texts = {
        "scoring": SCORING % points,
        "phases": PHASES,
        "mailing": MAILING,
        "campaigns": campaigns,
        "sources": SOURCES,
    }
    for name, text in (texts | files).items():
        if text:
            (rules / f"{name}.yaml").write_text(text)
    return path


@pytest.fixture
def present(tmp_path):
    return folder(tmp_path / "present")


@pytest.fixture
def new(tmp_path):
    return folder(tmp_path / "new", points=10, campaigns="")


def event(name, days, who="a:ann", **parts):
    at = START + days * DAY
    return {"subject": who, "id": f"{who}-{name}-{days}", "name": name, "at": at, "source": "website", **parts}


HISTORY = [event("Talk", 1), event("Asked", 2), event("Talk", 1, "a:bob"), event("Other", 40, "a:bob")]


def written(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def run(*arguments, code=0):
    answer = CliRunner().invoke(main, ["rules", "rehearse", *map(str, arguments), "--processes", "1"])
    assert answer.exit_code == code, f"{answer.output}{answer.exception}"
    return answer


def test_a_file_of_ledger_events_is_rehearsed_without_a_deployment(present, new, tmp_path):
    path = written(tmp_path / "events.jsonl", HISTORY)

    values = json.loads(run(new, "--against", present, "--events", path, "--json").stdout)

    assert values["sentence"] == (
        "With these rules, 1 fewer handoff to sales would take place in 90 days, as many mails as now would go out,"
        " and nobody would be in an earlier phase."
    )
    assert [(one["phase"], one["before"], one["after"]) for one in values["phases"]] == [("cold", 2, 0), ("warm", 0, 2)]
    assert values["headline"]["no_longer_handed_over"]["names"] == ["a:ann"]
    assert [(one["path"], one["text"]) for one in values["changes"]] == [
        ("profiles.p.rules.talk", "`talk` gives 10 instead of 5 points"),
        ("campaigns.asked", "campaign `asked` is removed"),
    ]


def test_the_same_rules_change_nothing(present, tmp_path):
    path = written(tmp_path / "events.jsonl", HISTORY)

    answer = run(present, "--against", present, "--events", path)

    assert answer.stdout.startswith("With these rules, nothing would have been different for any lead.")


def test_a_file_that_import_reads_is_rehearsed(present, new, tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(f"email,event,time\nann@example.com,Talk,{to_iso(START)}\nno address,Talk,{to_iso(START)}\n")

    answer = run(new, "--against", present, "--events", path, "--json")

    assert json.loads(answer.stdout)["leads"] == 1
    assert "row 3: email: 'no address' is no mail address" in answer.stderr


def test_an_export_of_the_table_is_rehearsed_with_its_merged_leads(present, new, tmp_path):
    parts = tmp_path / "export" / "data"
    parts.mkdir(parents=True)
    plain = {"id": "m1", "name": "Talk", "at": START, "source": "website"}
    rows = [
        {"pk": {"S": "a:ann"}, "sk": {"S": f"E#{to_iso(START)}#m1"}, "data": {"S": json.dumps([plain])}},
        {"pk": {"S": "u:7"}, "sk": {"S": "M#a:ann"}, "proof": {"N": "3"}},
        {"pk": {"S": "u:7"}, "sk": {"S": f"E#{to_iso(START)}#m2"}, "zip": {"B": b64encode(b"no").decode()}},
        {"pk": {"S": "u:7"}, "sk": {"S": "P"}, "data": {"S": "{}"}},
    ]
    with gzip.open(parts / "part.json.gz", "wt") as file:
        file.writelines(json.dumps({"Item": row}) + "\n" for row in rows)

    answer = run(new, "--against", present, "--events", tmp_path / "export", "--json")

    values = json.loads(answer.stdout)
    assert (values["leads"], values["moves"][0]["names"]) == (1, ["u:7"])
    assert "1 items of the ledger cannot be read" in answer.stderr


def test_rows_that_cannot_be_read_are_named_with_the_remedy(present, new, tmp_path):
    lines = [
        event("Talk", 1),
        {"subject": "a:ann", "at": START, "name": "Talk", "source": "website"},
        event("Talk", 1) | {"name": 7},
    ]

    answer = run(new, "--against", present, "--events", written(tmp_path / "events.jsonl", lines))

    assert "row 2: id: is missing; expected an event as in the ledger: subject, id, name, at, source" in answer.stderr
    assert "row 3: name: is int, not str" in answer.stderr


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"Item": {"pk": {"S": "a:ann"}}}, "Item: is no item of the table"),
        ({"Item": {"pk": {"S": "a:ann"}, "sk": {"S": "E#yesterday#1"}}}, "Item: is no item of the table"),
        (event("Talk", 1) | {"at": 10**18}, "at: is 1000000000000000000"),
        (event("Talk", 1) | {"properties": []}, "properties: is list, not dict"),
        (event("Talk", 1) | {"more": 1}, "event: has an unknown field"),
        ([1], "row: is no JSON object"),
    ],
)
def test_hostile_rows_are_refused_and_the_others_are_read(present, new, tmp_path, row, told):
    path = written(tmp_path / "events.jsonl", [event("Talk", 1), row])

    answer = run(new, "--against", present, "--events", path, "--json")

    assert json.loads(answer.stdout)["leads"] == 1
    assert f"not read: events.jsonl, row {2 if isinstance(row, dict) else 1}: {told}" in answer.stderr


def test_a_wrong_former_name_of_a_campaign_is_told(present, tmp_path):
    wrong = folder(tmp_path / "wrong", campaigns=CAMPAIGNS.replace("asked:", "told:\n    was: gone"))

    answer = run(wrong, "--against", present, "--events", written(tmp_path / "events.jsonl", HISTORY), code=1)

    assert "rules/campaigns.yaml: campaigns.told.was: there is no gone" in answer.stderr


def test_a_file_without_any_event_is_refused(present, new, tmp_path):
    path = written(tmp_path / "events.jsonl", [{"event": "Talk"}])

    answer = run(new, "--against", present, "--events", path, code=1)

    assert "events.jsonl has no event that can be read; events.jsonl, row 1: user: is missing" in answer.stderr


def test_wrong_rules_are_told_like_in_a_check(present, tmp_path):
    wrong = folder(tmp_path / "wrong", points="many")

    answer = run(wrong, "--against", present, "--events", written(tmp_path / "events.jsonl", HISTORY), code=1)

    assert "rules/scoring.yaml:1" in answer.stderr


def test_a_sample_is_scaled_to_all_leads(present, new, tmp_path):
    path = written(tmp_path / "events.jsonl", [event("Asked", n % 60, f"a:{n}") for n in range(2_000)])

    values = json.loads(run(new, "--against", present, "--events", path, "--sample", "1/10", "--json").stdout)

    handoffs = values["headline"]["handoffs"]
    assert values["leads"] % 10 == 0
    assert handoffs["interval"][0] <= -2_000 <= handoffs["interval"][1]
    assert handoffs["interval"][1] - handoffs["interval"][0] < 800


def test_the_page_is_self_contained_and_escapes_what_others_have_written(present, tmp_path):
    new = folder(tmp_path / "new", campaigns="", phases=PHASES.replace("cold: {}", "cold: {title: A <question>}"))
    path = written(tmp_path / "events.jsonl", [event("Asked", 1, "a:<script>alert(1)</script>"), event("Talk", 2)])

    for language in ("en", "de"):
        run(new, "--against", present, "--events", path, "--html", tmp_path / "page.html", "--language", language)
        page = (tmp_path / "page.html").read_text()

        assert f'<html lang="{language}">' in page
        assert page.count("<script") == 1, "more than its own script"
        assert "&lt;script&gt;" in page
        assert "phase `cold` has `title` “A &lt;question&gt;”" in page
        assert not re.findall(r"(?:src|href|url)\s*[=(]", page)


def test_all_cores_give_the_same_report(present, new, tmp_path):
    path = written(tmp_path / "events.jsonl", [event("Asked", n % 60, f"a:{n}") for n in range(200)])
    arguments = ["rules", "rehearse", str(new), "--against", str(present), "--events", str(path), "--json"]

    answer = CliRunner().invoke(main, [*arguments, "--processes", "2"])

    assert json.loads(answer.stdout) == json.loads(run(*arguments[2:]).stdout)


@pytest.fixture
def living(site, present, monkeypatch):
    """A deployment in which Ann asked, and was handed over."""
    files = {f"rules/{file.name}": file.read_bytes() for file in (present / "rules").iterdir()}
    report = site.publish(files, START - DAY)
    assert report["activated"], report["problems"]
    site.live(identified(START, email="ann@example.com"), tracked("Asked", START), at=START)
    site.live(tracked("Talk", START + DAY), at=START + DAY)
    monkeypatch.setattr(command, "now", lambda: START + 30 * DAY)
    return site


def test_a_deployment_is_rehearsed_and_nothing_is_written(living, new):
    before, mails = living.items(), len(living.mails())

    values = json.loads(run(new, "--json").stdout)

    assert values["headline"]["handoffs"] | {"a_week": 0} == {
        "before": 1,
        "after": 0,
        "difference": -1,
        "a_week": 0,
        "interval": None,
    }
    assert values["moves"] == [{"before": "cold", "after": "warm", "leads": 1, "names": ["a:ann"]}]
    assert living.items() == before
    assert len(living.mails()) == mails


def test_a_deployment_is_rehearsed_on_all_cores(living, present, new):
    active = stored("ripen-rules")
    candidate = isolated_check.check(rule_files(new)).configuration
    task = Task(active, candidate, Period(START - 60 * DAY, START + 30 * DAY), each=True)

    several, one = Part(), Part()
    for processes, total in ((2, several), (1, one)):
        for part in rehearse_table(task, Table("ripen", lambda: None), 1, processes):
            total.merge(part)

    assert several.tally == one.tally
    assert one.tally.counts[("leads",)] == 1


def test_an_error_in_another_process_ends_the_rehearsal(present, new, tmp_path):
    rules = isolated_check.check(rule_files(new)).configuration
    active = ActiveConfiguration(version="1", activated_at=to_iso(0), configuration=rules)
    missing = [tmp_path / f"part-{n}" for n in range(50)]

    with pytest.raises(FileNotFoundError):
        [*rehearse_files(Task(active, rules, Period(0, START), each=True), missing, 2)]
