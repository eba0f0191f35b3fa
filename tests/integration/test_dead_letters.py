"""`ripen dead-letters` lists what could not be processed, and has it processed again."""

from __future__ import annotations

import io
import json

import pytest
from click.testing import CliRunner
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from adapters.runtime import clients
from integration.people import ANN
from ripen.crm.events import erasure_event
from ripen.crm.news import erased
from ripen_cli.main import main
from stories import START, identified, mail_report, viewed
from track.handler import handler as track

DUE = {"subject": "a:ann", "key": "P", "now": START}
BATCH = {
    "requestContext": {"condition": "RetryAttemptsExhausted"},
    "DDBStreamBatchInfo": {"shardId": "shardId-1", "batchSize": 3},
}


class Functions:
    """Lambda: invokes the tracking function, or tells of an error as Lambda does."""

    fails = False

    def invoke(self, FunctionName, Payload):
        assert FunctionName == "track"
        if self.fails:
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(b"{}")}
        track(json.loads(Payload), None)
        return {"StatusCode": 200, "Payload": io.BytesIO(b"null")}


@pytest.fixture
def functions():
    found = Functions()
    clients.use("lambda", found)
    return found


@pytest.fixture
def queues(nurturing, functions, monkeypatch):
    """The URLs of the dead-letter queues, and of those that their messages came from."""
    names = ("LeadDeadLetters", "StreamDeadLetters", "ReportDeadLetters", "UploadDeadLetters", "UploadQueue")
    found = {name: nurturing.sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}
    found |= {"DueQueue": nurturing.queue_url, "TrackFunction": "track"}
    monkeypatch.setattr("ripen_cli.dead_letters.resources", lambda _stack: found)
    monkeypatch.setattr("ripen_cli.dead_letters._PATIENCE", 0)  # the queue of a test has a single server
    return found


@pytest.fixture
def put(nurturing, queues):
    def one(queue, body, **attributes):
        told = {name: {"StringValue": value, "DataType": "String"} for name, value in attributes.items()}
        text = body if isinstance(body, str) else json.dumps(body)
        nurturing.sqs.send_message(QueueUrl=queues[queue], MessageBody=text, MessageAttributes=told)

    return one


def run(*arguments):
    done = CliRunner().invoke(main, ["dead-letters", *arguments])
    return done.exit_code, done.output


def bodies(site, url):
    found = site.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def test_messages_are_listed_by_kind_and_reason(put):
    put("LeadDeadLetters", DUE)
    put("StreamDeadLetters", BATCH)
    put("ReportDeadLetters", {"detail": {}}, ERROR_CODE="THROTTLED", ERROR_MESSAGE="Rate exceeded")
    put("ReportDeadLetters", {"requestPayload": {}, "responsePayload": {"errorType": "KeyError"}})

    code, told = run("list")

    assert code == 0
    assert told == (
        "    1  due leads, claims and digests\n"
        "           1  it failed three times; the log of the function says why\n"
        "    1  batches of events that were not scored\n"
        "           1  RetryAttemptsExhausted\n"
        "    2  reports of SES that were not stored\n"
        "           1  THROTTLED: Rate exceeded\n"
        "           1  KeyError\n"
        "    0  uploads that were not published\n"
    )


def test_what_a_crm_did_not_take_is_told_again_with_its_id_unless_the_person_was_erased(nurturing, queues, put):
    nurturing.live(identified(START, email=ANN), viewed("/", START), at=START)
    queues["crm"] = nurturing.sqs.create_queue(QueueName="ripen-crm-hubspot-dead-letters")["QueueUrl"]
    gone = event_of_erasure("a:ann")
    told = gone | {"event": "Lead Consent Withdrawn", "lead": gone["lead"] | {"sequence": 1, "sales": ""}}
    nobody = told | {"lead": told["lead"] | {"id": "a:nobody"}}
    for detail in (told, nobody, gone):
        put("crm", {"source": "ripen", "detail": detail}, ERROR_CODE="SDK_CLIENT_ERROR", ERROR_MESSAGE="429")

    assert "    3  events that hubspot did not take\n           3  SDK_CLIENT_ERROR: 429\n" in run("list")[1]
    make_visible(nurturing, queues["crm"])
    code, _ = run("redrive", "--yes")

    assert code == 0
    assert [one["event"] for one in nurturing.bus.events] == ["Lead Consent Withdrawn", "Lead Erased"]
    assert {one["lead"]["id"] for one in nurturing.bus.events} == {"a:ann"}


def event_of_erasure(subject):
    return erasure_event(erased(subject), subject, START)


def make_visible(site, url):
    """A minute later: what was listed can be read again."""
    queue = sqs_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].queues[url.rpartition("/")[2]]
    for message in queue._messages:  # noqa: SLF001 - moto tells no other way
        message.visible_at = 0


def test_without_yes_nothing_is_changed(nurturing, queues, put):
    put("LeadDeadLetters", DUE)

    code, told = run("redrive")

    assert code == 0
    assert "  With --yes they are queued again.\n" in told
    assert told.endswith("Nothing was changed; --yes hands the messages on.\n")
    assert bodies(nurturing, queues["DueQueue"]) == []


def test_a_due_lead_is_queued_again_as_of_now(nurturing, queues, put):
    put("LeadDeadLetters", DUE)

    assert run("redrive", "--yes")[0] == 0

    [again] = bodies(nurturing, queues["DueQueue"])
    assert (again["subject"], again["key"]) == ("a:ann", "P")
    assert again["now"] > START
    assert bodies(nurturing, queues["LeadDeadLetters"]) == []


@pytest.mark.parametrize("wrapped", [False, True], ids=["from EventBridge", "from Lambda"])
def test_a_report_is_stored_once_however_often_it_comes(nurturing, queues, put, wrapped):
    nurturing.live(identified(START, email=ANN), viewed("/", START), at=START)
    report = mail_report("Delivery", "a:ann", "tips_first_1", START)
    put("ReportDeadLetters", {"requestPayload": report, "requestContext": {}} if wrapped else report)
    put("ReportDeadLetters", report)

    assert run("redrive", "--yes")[0] == 0

    assert nurturing.names().count("Email Delivered") == 1
    assert bodies(nurturing, queues["ReportDeadLetters"]) == []


def test_a_report_that_is_not_taken_stays(nurturing, queues, put, functions):
    functions.fails = True
    put("ReportDeadLetters", {"detail": {}})

    code, told = run("redrive", "--yes")

    assert code == 1
    assert "1 messages were not taken and stay" in told
    queue = nurturing.sqs.get_queue_attributes(QueueUrl=queues["ReportDeadLetters"], AttributeNames=["All"])
    assert queue["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_a_batch_of_the_stream_makes_lagging_leads_due(nurturing, queues, put):
    nurturing.track(identified(START, email=ANN), viewed("/", START), at=START)  # and score never sees it
    put("StreamDeadLetters", BATCH)

    code, told = run("redrive", "--yes")

    assert code == 0
    assert "  Leads marked as due: 1\n" in told
    assert nurturing.due_at() is not None
    assert bodies(nurturing, queues["StreamDeadLetters"]) == []


def test_a_message_that_is_no_json_is_listed_and_handed_on(nurturing, queues, put):
    put("UploadDeadLetters", "[]")
    put("UploadDeadLetters", "not JSON")

    assert run("redrive", "--yes")[0] == 0
    assert bodies(nurturing, queues["UploadDeadLetters"]) == []
