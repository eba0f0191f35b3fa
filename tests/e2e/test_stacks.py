"""Two stacks live side by side, survive a failed update, and a new stack adopts what a deleted one left.

The emulator imports tables and buckets, not secrets, so here only these two are adopted.
"""

import json
import re
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, WaiterError

from alarms import alarms, expanded
from ripen_cli.cloud import STACK
from ripen_cli.local_edge import SITE
from ripen_cli.project import ROOT

SECOND = "ripen-second"
ITEM = {"pk": {"S": "u:kept"}, "sk": {"S": "S#kept"}}
PAGE = ROOT / "docs" / "how-to" / "run-stacks.md"
RETAINED = ROOT / "infra" / "retained.json"
OFTEN = {"Delay": 1, "MaxAttempts": 120}
ALLOWED = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


class Stack:
    """A stack with the template of the local cloud's own, in the same account."""

    def __init__(self, cloud, name):
        self.name = name
        self.client, self.s3 = cloud.client("cloudformation"), cloud.client("s3")
        self.secrets = cloud.client("secretsmanager")
        self.bucket = cloud.rules_bucket
        processed = self.client.get_template(StackName=STACK)["TemplateBody"]
        self.template = {"Transform": "AWS::LanguageExtensions", **processed}  # for Fn::ToJsonString, which is left
        self.parameters = self.describe(STACK)["Parameters"]

    def describe(self, name=None):
        [stack] = self.client.describe_stacks(StackName=name or self.name)["Stacks"]
        return stack

    def outputs(self):
        return {output["OutputKey"]: output["OutputValue"] for output in self.describe()["Outputs"]}

    def create(self, more=None, **changed):
        """Create the stack with these parameters, which it keeps, and more resources."""
        self.parameters = self._changed(changed)
        self._told("stack_create_complete", self.client.create_stack, more)

    def update(self, more=None, **changed):
        """Update the stack to these parameters, with more resources."""
        self._told("stack_update_complete", self.client.update_stack, more, changed)

    def _told(self, end, call, more, changed=()):
        parameters = self._changed(changed)
        body = json.dumps({**self.template, "Resources": {**self.template["Resources"], **(more or {})}})
        call(StackName=self.name, TemplateURL=self._stored(body), Parameters=parameters, Capabilities=ALLOWED)
        self._wait(end)

    def _stored(self, body):
        """The address of a template in a bucket: CloudFormation takes no more than 51,200 bytes in a request."""
        key = f"templates/{self.name}.json"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"{self.s3.meta.endpoint_url}/{self.bucket}/{key}"

    def _changed(self, changed):
        told = dict(changed)
        return [
            each | {"ParameterValue": told.get(each["ParameterKey"], each["ParameterValue"])}
            for each in self.parameters
        ]

    def delete(self):
        self.client.delete_stack(StackName=self.name)
        self._wait("stack_delete_complete")

    def adopt(self, **identifiers):
        """Make the stack anew from resources that exist: the value of an identifier by logical id and property."""
        template = json.loads(RETAINED.read_text())
        [shown] = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
        documented = json.loads(shown)
        assert {each["LogicalResourceId"]: each["ResourceType"] for each in documented} == {
            name: resource["Type"] for name, resource in template["Resources"].items()
        }
        template["Resources"] = {name: template["Resources"][name] for name in identifiers}
        imported = [
            {**each, "ResourceIdentifier": identifiers[each["LogicalResourceId"]]}
            for each in documented
            if each["LogicalResourceId"] in identifiers
        ]
        named = {"StackName": self.name, "ChangeSetName": "adopt"}
        body = json.dumps(template)
        self.client.create_change_set(**named, ChangeSetType="IMPORT", TemplateBody=body, ResourcesToImport=imported)
        self._wait("change_set_create_complete", **named)
        self.client.execute_change_set(**named)
        self._wait("stack_import_complete")

    def rotate(self, rotation):
        """Have the edge read its secret again, as an update to another OriginSecretRotation does.

        The nested stack is updated itself: in an update from above the emulator forgets attributes of unchanged parts.
        """
        named = {"StackName": self.name, "LogicalResourceId": "Edge"}
        nested = self.client.describe_stack_resource(**named)["StackResourceDetail"]["PhysicalResourceId"]
        new = {
            "SecretRotation": rotation,
            "OriginValue": self.secrets.get_secret_value(SecretId=self.secret)["SecretString"],
        }
        names = [each["ParameterKey"] for each in self.describe(nested)["Parameters"]]
        parameters = [
            {"ParameterKey": name, **({"ParameterValue": new[name]} if name in new else {"UsePreviousValue": True})}
            for name in names
        ]
        self.client.update_stack(StackName=nested, UsePreviousTemplate=True, Parameters=parameters)
        self._wait("stack_update_complete", StackName=nested)

    @property
    def secret(self):
        """The secret of the edge."""
        return self.outputs()["OriginSecretArn"]

    def _wait(self, end, **named):
        self.client.get_waiter(end).wait(**(named or {"StackName": self.name}), WaiterConfig=OFTEN)


def failing():
    """A wait of a second for a signal that nobody gives, after all that outlives a stack was made."""
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    properties = {"Handle": {"Ref": "Signal"}, "Timeout": "1"}
    before = [*json.loads(RETAINED.read_text())["Resources"]]
    wait = {"Type": "AWS::CloudFormation::WaitCondition", "DependsOn": before, "Properties": properties}
    return {"Signal": handle, "Failing": wait}


@pytest.fixture(scope="module")
def second(cloud):
    stack = Stack(cloud, SECOND)
    stack.create(TrackingDomain=f"second.{SITE}")
    yield stack
    stack.delete()


def test_each_of_two_stacks_watches_its_own_counters(cloud, second):
    own = [name for name, alarm in alarms(expanded()).items() if alarm["Namespace"] == "Ripen"]
    pages = cloud.client("cloudwatch").get_paginator("describe_alarms").paginate()
    deployed = [alarm for page in pages for alarm in page["MetricAlarms"]]
    watched = [alarm["Dimensions"] for alarm in deployed if alarm["Namespace"] == "Ripen"]

    for stack in (STACK, SECOND):
        assert watched.count([{"Name": "stack", "Value": stack}]) == len(own)
    for stack, name in ((STACK, cloud.track_function), (SECOND, second.outputs()["TrackFunctionName"])):
        told = cloud.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        assert told["STACK_NAME"] == stack


def test_the_secret_of_the_edge_is_rotated_without_a_gap(cloud, second):
    outputs = second.outputs()
    functions = cloud.client("lambda")

    def status():
        """The answer through the second edge of a tracking function that has just started."""
        name = outputs["TrackFunctionName"]
        told = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        anew = told | {"STARTED": str(int(told.get("STARTED", "0")) + 1)}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": anew})
        edge = HTTPConnection("127.0.0.1", urlsplit(cloud.endpoint).port, timeout=60)
        headers = {"Host": outputs["TrackingTarget"], "X-Forwarded-Proto": "https"}
        edge.request("GET", "/v1/openapi.json", headers=headers)
        return edge.getresponse().status

    def put(value):
        second.secrets.put_secret_value(SecretId=second.secret, SecretString=value)

    assert status() == 200
    put("second-value")
    assert status() == 200, "CloudFront sends the value before"
    second.rotate("2026-11-30")
    assert status() == 200, "CloudFront sends the new value"
    put("third-value")
    assert status() == 200
    put("fourth-value")
    assert status() == 403, "the value is not valid any more"
    second.rotate("2026-12-01")
    assert status() == 200


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        (
            {"TrackingCertificate": ""},
            "TrackingDomain needs TrackingCertificate, the ARN of a certificate in us-east-1",
        ),
        ({"TrackingCertificate": "", "TrackingHostedZone": "Z0123"}, "Only a stack in us-east-1 makes one by itself"),
        ({"TrackingCertificate": "arn:aws:acm:eu-central-1:111122223333:certificate/1a2b"}, "TrackingCertificate"),
        ({"PublicUrl": "https://proxy.example.com"}, "leave PublicUrl empty"),
        ({"TrackingDomain": ""}, "TrackingCertificate and TrackingHostedZone are for TrackingDomain"),
        ({"TrackingDomain": "example.com"}, "TrackingDomain"),
    ],
)
def test_an_edge_that_cannot_be_is_refused_before_anything_is_made(cloud, parameters, told):
    with pytest.raises(ClientError, match=told):
        Stack(cloud, "ripen-refused").create(**parameters)


def test_a_first_deployment_that_fails_leaves_nothing(cloud):
    def left():
        tables = cloud.client("dynamodb").list_tables()["TableNames"]
        secrets = [secret["Name"] for secret in cloud.client("secretsmanager").list_secrets()["SecretList"]]
        buckets = [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]
        return [name for name in (*tables, *secrets, *buckets) if name.startswith("ripen-third")]

    with pytest.raises(WaiterError):
        Stack(cloud, "ripen-third").create(failing())

    assert left() == []


def test_a_stack_keeps_its_data_through_updates_failed_updates_deletion_and_a_new_deployment(cloud, second):
    table = cloud.client("dynamodb")
    before = second.outputs()
    table.put_item(TableName=before["TableName"], Item=ITEM)

    second.update(RetentionDays="365")

    assert second.outputs() == before | {"RetentionDays": "365"}

    with pytest.raises(WaiterError):
        second.update(failing(), RetentionDays="30")

    assert second.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert second.outputs() == before | {"RetentionDays": "365"}

    second.delete()

    left = {"Table": {"TableName": before["TableName"]}, "RulesBucket": {"BucketName": before["RulesBucketName"]}}
    second.adopt(**left)
    second.update()

    after = second.outputs()
    kept = ("TableName", "RulesBucketName")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert table.get_item(TableName=after["TableName"], Key=ITEM)["Item"] == ITEM
    assert table.describe_table(TableName=cloud.table)["Table"]["TableStatus"] == "ACTIVE", "the other stack's"
