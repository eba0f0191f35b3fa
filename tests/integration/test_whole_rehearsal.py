"""A rehearsal of all leads in parts: begun by an upload or by hand, and told in its report, status and approval."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from adapters.rules.whole_rehearsals import Run, parts_of
from adapters.runtime import clients
from adapters.tracking.waiting_version import waiting_version
from integration.conftest import MACHINE, SCHEMA
from integration.test_approval import LATER, RULES, SENTENCE, begin, scoring
from publish.handler import handler as publish
from rehearse.handler import handler as rehearse
from ripen.times import HOUR, to_iso
from ripen_cli.main import main
from ripen_cli.rehearse import whole
from services import rehearsing, whole_rehearsal
from services.publishing import last_report

STATES = SCHEMA["Resources"]["RehearsalMachine"]["Properties"]["Definition"]["States"]
APPROVERS = {"rules/approval.yaml": b"approval: {approvers: [boss@example.com]}\n"}


class Time:
    """The context of calls: with so many milliseconds left."""

    def __init__(self, left=900_000):
        self.left = left

    def get_remaining_time_in_millis(self):
        return self.left


class Machine:
    """Takes the place of Step Functions: runs what was started, in the order of the template's states."""

    def __init__(self):
        self.started, self.status, self.refusal = {}, {}, ""

    def start_execution(self, stateMachineArn, name, input):  # noqa: A002
        assert stateMachineArn == MACHINE
        if self.refusal or name in self.started:
            raise ClientError({"Error": {"Code": self.refusal or "ExecutionAlreadyExists"}}, "StartExecution")
        self.started[name] = json.loads(input)

    def describe_execution(self, executionArn):
        name = executionArn.rpartition(":")[2]
        assert executionArn == MACHINE.replace("stateMachine", "execution") + f":{name}"
        return {"status": self.status.get(name, "RUNNING")}

    def list_map_runs(self, executionArn):
        return {"mapRuns": [{"mapRunArn": "a-map"}]}

    def describe_map_run(self, mapRunArn):
        return {"itemCounts": {"succeeded": 3, "total": 8}}

    def run(self, name, left=900_000, backwards=False):
        """Call the function for each step of an execution; returns how many parts it took."""
        split = task(STATES["Split"], self.started[name], left)
        segments = STATES["Segments"]
        items = [chosen(segments["ItemSelector"], split, number) for number in split["segments"]]
        calls = 0
        for item in reversed(items) if backwards else items:
            given = {"more": True} | item
            while given["more"]:
                given, calls = task(segments["ItemProcessor"]["States"]["Part"], given, left), calls + 1
        task(STATES["Merge"], split, left)
        self.status[name] = "SUCCEEDED"
        return calls


def task(state, given, left):
    payload = state["Parameters"]["Payload"]
    assert payload["input.$"] == "$"
    # What states hand on is JSON.
    return json.loads(json.dumps(rehearse({"step": payload["step"], "input": deepcopy(given)}, Time(left))))


def chosen(selector, given, item):
    """An item of the map as its selector makes it."""
    values = {"$$.Map.Item.Value": item} | {f"$.{name}": value for name, value in given.items()}
    return {name.removesuffix(".$"): values.get(value, value) for name, value in selector.items()}


def ended(name, status="SUCCEEDED", **more):
    """The call of publish by which Step Functions tells that an execution has ended."""
    detail = {"name": name, "status": status, "stateMachineArn": MACHINE, **more}
    body = {"source": "aws.states", "time": to_iso(LATER + HOUR), "detail": detail}
    return publish({"Records": [{"body": json.dumps(body)}]}, None)


def run(*arguments):
    return CliRunner().invoke(main, ["rules", *map(str, arguments)])


def interrupt(_seconds):
    raise KeyboardInterrupt


@pytest.fixture
def machine(site):
    found = Machine()
    clients.use("stepfunctions", found)
    return found


@pytest.fixture
def sampled(site, machine, monkeypatch):
    """A site whose uploads are rehearsed on a sample of its twelve leads."""
    monkeypatch.setattr(rehearsing, "MOST_WORK", 8 * 60)
    return begin(site, 12, RULES | APPROVERS)


def stored(site, version, kind="json"):
    return site.s3.get_object(Bucket=site.bucket, Key=f"reports/{version}/rehearsal.{kind}")["Body"].read().decode()


def parts(site):
    found = site.s3.list_objects_v2(Bucket=site.bucket, Prefix="rehearsals/").get("Contents", [])
    return [one["Key"] for one in found]


def test_after_a_sample_all_leads_are_rehearsed_and_told_wherever_the_sample_was(sampled, machine):
    report = sampled.publish(scoring(500), LATER)

    [name] = machine.started
    version = report["version"]
    assert machine.started[name] == {"version": version, "name": name}
    assert name.startswith(f"{version}-{report['live']['version']}-")
    assert report["rehearsal"]["sample"] > 1
    assert report["rehearsal"]["whole"] == {"run": name, "state": "under way"}
    assert "Rehearsal of all leads: under way" in run("status").output
    asking = [mail.get_content() for mail in sampled.mails() if mail["To"] == "boss@example.com"]
    assert "A rehearsal of all leads is under way" in asking[-1]

    machine.run(name)
    ended(name)

    told = {"sentence": SENTENCE, "report": f"reports/{version}/rehearsal.html", "leads": 12, "sample": 1}
    assert last_report(sampled.bucket) == report | {"rehearsal": told | {"whole": {"run": name, "state": "done"}}}
    assert waiting_version("ripen").sentence == SENTENCE
    assert waiting_version("ripen").approver("") == ""
    assert f"Rehearsal: {SENTENCE}" in run("status").output
    values = json.loads(stored(sampled, version))
    assert (values["sample"], values["left_out"], values["whole"]) == (1, 0, True)
    assert parts(sampled) == []


def test_parts_and_report_name_no_lead(sampled, machine, monkeypatch):
    report = sampled.publish(scoring(500), LATER)
    [name] = machine.started
    monkeypatch.setattr(whole_rehearsal, "delete_parts", lambda *_: None)

    machine.run(name, left=0)

    texts = [stored(sampled, report["version"], kind) for kind in ("html", "json")]
    calls = [key for key in parts(sampled) if not key.endswith("job.json")]
    bodies = [json.loads(sampled.s3.get_object(Bucket=sampled.bucket, Key=key)["Body"].read()) for key in calls]
    assert all("a:v" not in text for text in [*texts, *(json.dumps(body | {"after": None}) for body in bodies)])


def test_calls_that_run_out_of_time_hand_on_and_lose_no_lead(sampled, machine):
    version = sampled.publish(scoring(500), LATER)["version"]
    [name] = machine.started

    calls = machine.run(name, left=0, backwards=True)

    assert calls > 12
    assert (json.loads(stored(sampled, version))["leads"], json.loads(stored(sampled, version))["sentence"]) == (
        12,
        SENTENCE,
    )


def test_a_repeated_call_counts_no_lead_twice(sampled, machine):
    version = sampled.publish(scoring(500), LATER)["version"]
    [name] = machine.started
    given = task(STATES["Split"], machine.started[name], 900_000)
    items = [chosen(STATES["Segments"]["ItemSelector"], given, number) for number in given["segments"]]
    for item in [*items, *items]:
        task(STATES["Segments"]["ItemProcessor"]["States"]["Part"], item, 900_000)

    task(STATES["Merge"], given, 900_000)

    assert json.loads(stored(sampled, version))["leads"] == 12


def test_a_report_is_made_of_all_parts_or_not_at_all(sampled, machine):
    report = sampled.publish(scoring(500), LATER)
    [name] = machine.started
    given = task(STATES["Split"], machine.started[name], 900_000)
    first = chosen(STATES["Segments"]["ItemSelector"], given, 0)
    task(STATES["Segments"]["ItemProcessor"]["States"]["Part"], first, 900_000)

    with pytest.raises(rehearsing.RehearsalError, match="segment 1 of 8 was not rehearsed to its end"):
        task(STATES["Merge"], given, 900_000)

    assert json.loads(stored(sampled, report["version"]))["sample"] > 1
    assert parts_of(sampled.bucket, Run(report["version"], name)) == {0: 1}


def test_a_lead_that_cannot_be_replayed_fails_the_rehearsal_and_status_tells(sampled, machine, monkeypatch):
    report = sampled.publish(scoring(500), LATER)
    [name] = machine.started
    monkeypatch.setattr(rehearsing, "rehearse_lead", None)

    with pytest.raises(rehearsing.RehearsalError, match="the replay of a lead failed with TypeError"):
        machine.run(name)
    ended(name, "FAILED", error="RehearsalError")

    because = "its state machine ended with FAILED (RehearsalError)"
    failed = {"run": name, "state": "failed", "problem": because}
    assert last_report(sampled.bucket)["rehearsal"] == report["rehearsal"] | {"whole": failed}
    assert f"Rehearsal of all leads: failed, because {because}" in run("status").output
    assert parts(sampled) == []


def test_a_failure_to_start_is_told_and_holds_up_no_upload(sampled, machine):
    machine.refusal = "AccessDeniedException"

    report = sampled.publish(scoring(6), LATER)

    assert report["activated"]
    assert report["rehearsal"]["whole"]["problem"] == "it could not be started (AccessDeniedException)"


def test_leads_with_too_many_events_for_a_sample_are_rehearsed_in_parts(sampled, machine, monkeypatch):
    monkeypatch.setattr(rehearsing, "_HEAVIEST", 0)
    report = sampled.publish(scoring(500), LATER)
    [name] = machine.started
    assert "the leads have too many events" in report["rehearsal"]["problem"]

    machine.run(name)

    assert ended(name)["rehearsal"]["sentence"] == SENTENCE


def test_the_result_of_a_rehearsal_is_dropped_when_a_later_one_has_begun(sampled, machine, monkeypatch):
    version = sampled.publish(scoring(500), LATER)["version"]
    [earlier] = machine.started
    before = stored(sampled, version)
    monkeypatch.setattr(whole.time, "sleep", interrupt)
    assert run("rehearse-all", "2").exit_code == 1
    [later] = [name for name in machine.started if name != earlier]

    machine.run(earlier)
    ended(earlier)

    assert stored(sampled, version) == before
    assert last_report(sampled.bucket)["rehearsal"]["whole"] == {"run": later, "state": "under way"}


def test_an_upload_whose_leads_are_all_rehearsed_at_once_starts_nothing(site, machine):
    report = begin(site, 12).publish(scoring(500), LATER)

    assert machine.started == {}
    assert "whole" not in report["rehearsal"]


def test_a_repeated_call_of_publish_keeps_the_report_on_all_leads(sampled, machine, monkeypatch):
    monkeypatch.setattr("services.publishing.register", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sampled.publish(scoring(6), LATER)
    [name] = machine.started
    machine.run(name)
    ended_alone = whole_rehearsal.Ended(Run(name.partition("-")[0], name), "")
    whole_rehearsal.note_end(sampled.bucket, ended_alone)
    monkeypatch.undo()
    monkeypatch.setattr(rehearsing, "MOST_WORK", 8 * 60)

    report = sampled.publish({}, LATER)

    assert report["activated"]
    assert (report["rehearsal"]["leads"], report["rehearsal"]["sample"]) == (12, 1)
    assert len(machine.started) == 1


def test_a_command_rehearses_a_version_by_hand_and_shows_its_progress(twelve_live, machine, monkeypatch):
    monkeypatch.setattr(whole.time, "sleep", lambda _: machine.run([*machine.started][-1]))

    answer = run("rehearse-all", "1")

    assert answer.exit_code == 0, answer.output
    assert "3 of 8 parts rehearsed" in answer.output
    assert "Rehearsal: With these rules, nothing would have been different for any lead." in answer.output


@pytest.mark.parametrize(
    ("version", "told"), [("2", "version 2 is live; name another one"), ("7", "there is no version '7'")]
)
def test_a_version_that_cannot_be_rehearsed_is_refused_with_the_remedy(twelve_live, machine, version, told):
    answer = run("rehearse-all", version)

    assert (answer.exit_code, machine.started) == (1, {})
    assert told in answer.output


def test_a_rehearsal_by_hand_that_fails_says_where_to_look(twelve_live, machine, monkeypatch):
    monkeypatch.setattr(
        whole.time, "sleep", lambda _: machine.status.update(dict.fromkeys(machine.started, "TIMED_OUT"))
    )

    answer = run("rehearse-all", "1")

    assert answer.exit_code == 1
    assert "the rehearsal ended with TIMED_OUT; read the log of the rehearse function" in answer.output


@pytest.fixture
def twelve_live(site, machine):
    """A site whose second version is live."""
    begin(site, 12).publish(scoring(6), LATER)
    return site
