"""Every alarm of the template watches a counted metric, has a text and notifies the operator."""

import json

import pytest

from adapters.runtime.telemetry import NAMESPACE, count
from alarms import PROGRESS, alarms, counted_metrics, expanded
from ripen.events.event import ENDS
from trigger.delivery import FAILURE_METRICS

WITHOUT_ALARM = {"RulesInvalid"}  # whoever uploads rules with mistakes reads about them in the report


@pytest.fixture(scope="module")
def template():
    return expanded()


@pytest.fixture(scope="module")
def every_alarm(template):
    return alarms(template)


@pytest.fixture
def own_alarms(every_alarm):
    return {name: alarm for name, alarm in every_alarm.items() if alarm["Namespace"] == NAMESPACE}


def test_each_counted_metric_has_an_alarm_of_its_name_and_no_alarm_watches_another(own_alarms):
    listening = {name: alarm["MetricName"] for name, alarm in own_alarms.items()}

    assert listening == {f"{metric}Alarm": metric for metric in counted_metrics() - WITHOUT_ALARM - PROGRESS}


def test_each_failed_delivery_has_a_metric():
    failures = {name for ends in ENDS.values() for status, name in ends.items() if status != "sent"}

    assert failures == FAILURE_METRICS.keys()


@pytest.mark.usefixtures("new_process")
def test_alarms_watch_the_counters_of_their_own_stack(own_alarms, capsys, monkeypatch):
    monkeypatch.setenv("STACK_NAME", "second")

    count("LeadOutgrown")
    written = json.loads(capsys.readouterr().out)
    [metrics] = written["_aws"]["CloudWatchMetrics"]
    [names] = metrics["Dimensions"]

    assert (metrics["Namespace"], names, written["stack"]) == (NAMESPACE, ["stack"], "second")
    dimensions = [{"Name": "stack", "Value": {"Ref": "AWS::StackName"}}]
    assert {name: alarm["Dimensions"] for name, alarm in own_alarms.items()} == dict.fromkeys(own_alarms, dimensions)


def test_each_function_has_an_alarm_for_its_errors(template, every_alarm):
    functions = {name for name, one in template["Resources"].items() if one["Type"] == "AWS::Serverless::Function"}
    watched = {
        name: alarm["Dimensions"]
        for name, alarm in every_alarm.items()
        if (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    }

    assert watched == {
        f"{function.removesuffix('Function')}ErrorsAlarm": [{"Name": "FunctionName", "Value": {"Ref": function}}]
        for function in functions
    }


def test_an_alarm_goes_off_at_its_threshold_and_not_without_data(every_alarm):
    for name, alarm in every_alarm.items():
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold", name
        assert alarm["TreatMissingData"] == "notBreaching", name
        assert alarm["Statistic"] in ("Sum", "Maximum"), name
        assert alarm["Threshold"] >= 1, name
        assert alarm["Period"] in (60, 300), name
        assert alarm["EvaluationPeriods"] in (1, 3), name


def test_each_alarm_notifies_the_topic_of_the_alarm_address(every_alarm):
    told = [{"Fn::If": ["HasAlarmAddress", {"Ref": "AlarmTopic"}, {"Ref": "AWS::NoValue"}]}]

    assert {name: alarm["AlarmActions"] for name, alarm in every_alarm.items()} == dict.fromkeys(every_alarm, told)


def test_each_alarm_has_a_text_of_its_own_and_each_text_has_an_alarm(template, every_alarm):
    texts = [alarm["AlarmDescription"] for alarm in every_alarm.values()]
    tables = (template["Mappings"][name] for name in ("ErrorTexts", "MetricTexts"))

    assert all(isinstance(text, str) and text for text in texts)
    assert len(set(texts)) == len(texts)
    assert {row["Text"] for table in tables for row in table.values()} <= set(texts)
