import importlib.util
import json
import os
import subprocess
from pathlib import Path

import pytest

from alarms import alarms, expanded
from dashboard import body, metrics
from ripen_cli.bytecode import OWN, compile_build
from ripen_cli.cloud import STACK, build_path
from ripen_cli.project import ROOT, tool
from template import FUNCTIONS


def run(command, *arguments):
    env = {**os.environ, **build_path(command), "AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}
    command = [str(part) for part in (command, *arguments)]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=300)


def test_the_template_passes_sam_validate():
    done = run(tool("sam", "sam"), "validate", "--lint", "--region", "eu-central-1")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("template", ["template.yaml", "infra/edge.yaml"])
def test_the_template_passes_checkov(template):
    done = run(tool("checkov", "checkov"), "--config-file", ".checkov.yaml", "--file", template)

    assert done.returncode == 0, done.stdout
    assert "Failed checks: 0" in done.stdout


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_the_functions_build_for_both_architectures(architecture, tmp_path):
    done = run(
        *(tool("sam", "sam"), "build", "--build-dir", tmp_path / "build", "--cache-dir", tmp_path / "cache"),
        *("--parameter-overrides", f"Runtime={OWN}", f"Architecture={architecture}"),
    )

    assert done.returncode == 0, done.stdout + done.stderr
    built = {path.name for path in (tmp_path / "build").iterdir() if path.is_dir()}
    functions = {*FUNCTIONS}
    assert built == functions | {"Edge"}
    compile_build(tmp_path / "build")
    handler = tmp_path / "build" / "PublishFunction" / "publish" / "handler.py"
    assert Path(importlib.util.cache_from_source(str(handler))).exists()
    [core] = (tmp_path / "build" / "TrackFunction" / "pydantic_core").glob("*.so")
    assert {"x86_64": "x86_64", "arm64": "aarch64"}[architecture] in core.name


def test_each_alarm_of_the_template_is_deployed(cloud):
    deployed = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]

    assert sorted(map(facts, deployed)) == sorted(map(facts, alarms(expanded()).values()))


def facts(alarm):
    """All of an alarm that does not depend on the names of deployed resources."""
    numbers = (alarm[name] for name in ("Threshold", "Period", "EvaluationPeriods"))
    texts = (alarm[name] for name in ("AlarmDescription", "Namespace", "MetricName", "Statistic"))
    rules = (alarm[name] for name in ("ComparisonOperator", "TreatMissingData"))
    return *texts, *numbers, *rules, tuple(dimension["Name"] for dimension in alarm["Dimensions"])


def test_the_dashboard_is_deployed_with_the_names_of_what_it_shows(cloud, stack):
    [described] = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    assert outputs["DashboardUrl"].endswith(f"#dashboards/dashboard/{STACK}-{cloud.region}")

    deployed = json.loads(
        cloud.client("cloudwatch").get_dashboard(DashboardName=f"{STACK}-{cloud.region}")["DashboardBody"]
    )

    written = body(expanded())
    assert [widget["properties"].get("title") for widget in deployed["widgets"]] == [
        widget["properties"].get("title") for widget in written["widgets"]
    ]
    for here, there in zip(written["widgets"], deployed["widgets"], strict=True):
        for (*_, named, options), (*_, found, kept) in zip(metrics(here), metrics(there), strict=True):
            assert kept == options
            assert found == {name: physical(stack, value) for name, value in named.items()}
    [alarms_shown] = [widget["properties"]["alarms"] for widget in deployed["widgets"] if widget["type"] == "alarm"]
    known = {alarm["AlarmArn"] for alarm in cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert {*alarms_shown} <= known


def physical(stack, logical):
    """The deployed name of a function, table or queue; other values are as they stand in the template."""
    name, _, attribute = logical.partition(".")
    found = stack.get(name, logical)
    return found.rpartition("/")[2] if attribute == "QueueName" else found
