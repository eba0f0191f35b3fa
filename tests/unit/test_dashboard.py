"""The dashboard follows CloudWatch's documented structure, shows each part of the stack, and names only what exists.

Structure: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
"""

import json
import re
from itertools import combinations

import pytest

from adapters.runtime.telemetry import NAMESPACE
from alarms import PROGRESS, alarms, counted_metrics, expanded
from dashboard import body, metrics, resolved
from template import ROOT

COLUMNS = 24
FREE_METRICS = 50
"""The most metrics of a dashboard that AWS counts among the three of an account that are free
(https://aws.amazon.com/cloudwatch/pricing/)."""
LONGEST_EXPRESSION = 1024
PRICES = json.loads((ROOT / "bench" / "pricing" / "prices.json").read_text())["regions"]
OPERATING = (ROOT / "docs" / "how-to" / "operate.md").read_text()

WIDGET = {"type", "x", "y", "width", "height", "properties"}
PROPERTIES = {
    "text": {"markdown"},
    "alarm": {"title", "alarms", "sortBy"},
    "metric": {"title", "region", "view", "stacked", "stat", "period", "start", "yAxis", "annotations", "metrics"},
}
OPTIONS = {"id", "label", "visible", "stat", "yAxis"}
EXPRESSION = {"id", "label", "expression"}
FUNCTIONS = {"FILL"}
AWS_METRICS = {
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": {"Errors", "Throttles", "Invocations", "Duration", "IteratorAge"},
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": {"NumberOfMessagesSent", "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    "AWS/DynamoDB": {"ConsumedWriteCapacityUnits", "ConsumedReadCapacityUnits"},
    # https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-cloudwatch.html
    "AWS/SES": {"Send", "Bounce", "Complaint", "Reputation.BounceRate", "Reputation.ComplaintRate"},
}


@pytest.fixture(scope="module")
def template():
    return expanded()


@pytest.fixture(scope="module")
def widgets(template):
    return body(template)["widgets"]


def titled(widgets, title):
    [found] = [widget for widget in widgets if widget["properties"].get("title", "").startswith(title)]
    return found


def all_metrics(widgets):
    return [one for widget in widgets for one in metrics(widget)]


def test_each_widget_has_the_documented_form(template):
    found = body(template)

    assert {*found} == {"start", "periodOverride", "widgets"}
    for widget in found["widgets"]:
        kind = widget["type"]
        assert {*widget} == WIDGET
        assert {*widget["properties"]} <= PROPERTIES[kind], widget
        assert all(isinstance(widget[name], int) for name in ("x", "y", "width", "height"))
        assert widget["width"] >= 1
        assert widget["x"] + widget["width"] <= COLUMNS
        assert 1 <= widget["height"] <= 1000
    for widget in found["widgets"]:
        if widget["type"] == "metric":
            properties = widget["properties"]
            assert properties["region"] == "eu-central-1"
            assert properties["view"] == "timeSeries"
            assert properties["stat"] in ("Sum", "Average", "Maximum")
            assert properties["period"] % 60 == 0


def test_what_is_resolved_late_needs_no_escape_in_the_text(template):
    """CloudFormation makes the text first, and then puts the values of references and `Fn::Sub` into it as they are.

    https://github.com/aws-cloudformation/cfn-language-discussion/issues/103
    """
    texts = [text for text in resolved(template) if json.dumps(text, ensure_ascii=False) != f'"{text}"']

    assert texts == []
    assert "${" not in json.dumps(body(template))


def test_no_widget_covers_another(widgets):
    def cells(widget):
        columns = range(widget["x"], widget["x"] + widget["width"])
        rows = range(widget["y"], widget["y"] + widget["height"])
        return {(x, y) for x in columns for y in rows}

    assert not [pair for pair in combinations(widgets, 2) if cells(pair[0]) & cells(pair[1])]


def test_each_expression_names_metrics_of_its_own_widget(widgets):
    for widget in widgets:
        found = [*metrics(widget)]
        ids = [options["id"] for *_, options in found if "id" in options]
        assert len({*ids}) == len(ids)
        assert all(re.fullmatch(r"[a-z]\w*", one) for one in ids)
        used = set()
        for namespace, _, _, options in found:
            assert {*options} <= (OPTIONS if namespace else EXPRESSION)
            used |= {*re.findall(r"[A-Za-z_]\w*", options.get("expression", ""))} - FUNCTIONS
            assert len(options.get("expression", "")) <= LONGEST_EXPRESSION
        hidden = {options["id"] for *_, options in found if options.get("visible") is False}
        assert used == hidden, "what is hidden is there to be computed with"


def test_each_metric_of_ripen_is_counted_with_the_name_of_the_stack(widgets):
    own = [(name, dimensions) for namespace, name, dimensions, _ in all_metrics(widgets) if namespace == NAMESPACE]

    assert {name for name, _ in own} <= counted_metrics()
    assert {name for name, _ in own} >= PROGRESS
    assert all(dimensions == {"stack": "ripen"} for _, dimensions in own)


def test_each_line_of_track_becomes_a_metric_of_its_stack(template):
    filters = [one for one in template["Resources"].values() if one["Type"] == "AWS::Logs::MetricFilter"]

    told = {}
    for one in filters:
        [made] = one["Properties"]["MetricTransformations"]
        name = made["MetricName"]
        told[name] = made["MetricValue"], one["Properties"]["FilterPattern"]
        assert made["MetricNamespace"] == NAMESPACE
        assert made["Dimensions"] == [{"Key": "stack", "Value": "$.stack"}]
        assert one["Properties"]["LogGroupName"] == {"Ref": "TrackLogs"}
    names = ("EventsReceived", "EventsRefused", "EventsWithheld")
    assert told == {name: (f"$.{name}", f"{{ $.{name} > 0 }}") for name in names}


def test_each_metric_of_aws_is_a_documented_one_with_its_dimensions(widgets):
    dimensions = {
        "AWS/Lambda": [["FunctionName"]],
        "AWS/SQS": [["QueueName"]],
        "AWS/DynamoDB": [["TableName"], ["TableName", "GlobalSecondaryIndexName"]],
        "AWS/SES": [[]],
    }
    for namespace, name, named, _ in all_metrics(widgets):
        if namespace not in ("", NAMESPACE):
            assert name in AWS_METRICS[namespace]
            assert [*named] in dimensions[namespace]


def test_each_function_queue_and_alarm_of_the_stack_is_shown(template, widgets):
    def kind(name):
        return {logical for logical, one in template["Resources"].items() if one["Type"] == name}

    shown = {value for _, _, dimensions, _ in all_metrics(widgets) for value in dimensions.values()}
    queues = {f"{name}.QueueName" for name in kind("AWS::SQS::Queue")}

    assert queues | kind("AWS::Serverless::Function") | kind("AWS::DynamoDB::Table") <= shown
    for title in ("Errors", "Throttled"):
        functions = {named["FunctionName"] for _, _, named, _ in metrics(titled(widgets, title))}
        assert functions == kind("AWS::Serverless::Function")
    dead = {f"{name}.QueueName" for name in kind("AWS::SQS::Queue") if name.endswith("DeadLetters")}
    assert {named["QueueName"] for _, _, named, _ in metrics(titled(widgets, "Dead letters"))} == dead
    assert sorted(titled(widgets, "Alarms")["properties"]["alarms"]) == sorted(
        f"{name}.Arn" for name in alarms(template)
    )


def test_the_limits_of_ses_are_lines(widgets):
    """https://docs.aws.amazon.com/ses/latest/dg/reputation-dashboard-dg.html"""

    def lines(title):
        return [line["value"] for line in titled(widgets, title)["properties"]["annotations"]["horizontal"]]

    assert lines("Bounces") == [5, 10]
    assert lines("Complaints") == [0.1, 0.5]


def test_the_lag_has_the_threshold_of_its_alarm_as_a_line(template, widgets):
    [line] = titled(widgets, "Lag")["properties"]["annotations"]["horizontal"]

    assert 1000 * line["value"] == alarms(template)["ScoreDelayAlarm"]["Threshold"]


@pytest.mark.parametrize("region", [*PRICES, "eu-north-1"])
def test_the_dollars_are_those_of_the_price_list(template, region):
    """A region that the list does not have gets the prices of eu-central-1."""
    [expression] = [
        options["expression"]
        for *_, options in metrics(titled(body(template, region)["widgets"], "Dollars"))
        if "expression" in options
    ]

    assert expression == dollars(template, PRICES.get(region, PRICES["eu-central-1"]))


def dollars(template, prices):
    """The expression of the dashboard for these prices: what is written here belongs into `DollarsADay`."""
    functions = {
        name.removesuffix("Function").lower(): one["Properties"]["MemorySize"] / 1024
        for name, one in template["Resources"].items()
        if one["Type"] == "AWS::Serverless::Function"
    }
    kinds = [one["Type"] for one in template["Resources"].values() if "Condition" not in one]
    month = prices["alarm_month"] * kinds.count("AWS::CloudWatch::Alarm")
    month += prices["secret_month"] * kinds.count("AWS::SecretsManager::Secret") + prices["dashboard_month"]
    parts = [f"{month / 30:.3f}"]
    for unit, ids in (("write_unit", "writes"), ("read_unit", "reads")):
        parts.append(f"{_plain(prices[unit])} * (FILL({ids}, 0) + FILL(index_{ids}, 0))")
    parts.append(f"{_plain(prices['invocation'])} * ({' + '.join(f'FILL({name}_calls, 0)' for name in functions)})")
    seconds = " + ".join(f"{memory:g} * FILL({name}_ms, 0)" for name, memory in functions.items())
    parts.append(f"{_plain(prices['gb_second'] / 1000)} * ({seconds})")
    parts.append(f"{_plain(prices['mail'])} * FILL(mails, 0)")
    return " + ".join(parts)


def _plain(number):
    return f"{number:.14f}".rstrip("0")


def test_the_dashboard_is_among_those_that_are_free(widgets):
    assert len([one for one in all_metrics(widgets) if one[0]]) <= FREE_METRICS


def test_each_widget_is_documented(widgets):
    titles = [widget["properties"]["title"] for widget in widgets if widget["type"] != "text"]
    table = OPERATING.partition("## Dashboard")[2].partition("\n## ")[0]

    assert [title for title in titles if f"| {title.partition(' (')[0]}" not in table] == []
