"""The alarms of template.yaml, and the metrics that the functions count."""

from __future__ import annotations

import ast

from cfnlint.decode import decode
from cfnlint.template import Template

from adapters.delivery.account_hold import LIMIT_METRICS
from template import ROOT
from track.counts import METRICS
from trigger.delivery import FAILURE_METRICS, SENT_METRICS


def expanded():
    """The template with each `Fn::ForEach` replaced by its resources."""
    path = str(ROOT / "template.yaml")
    written, problems = decode(path)
    read = Template(path, written, ["eu-central-1"])
    assert [*problems, *read.transform()] == []
    return read.template


def alarms(template):
    """The properties of each alarm, by its name in the template."""
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def counted_metrics():
    """The name of each metric that a function counts, of trouble and of progress."""
    named = {name for path in (ROOT / "functions").rglob("*.py") for name in _literals(ast.parse(path.read_text()))}
    return named | {*FAILURE_METRICS.values(), *LIMIT_METRICS.values()} | PROGRESS


PROGRESS = {*METRICS, *SENT_METRICS.values()}
"""The metrics that tell of no trouble: the dashboard shows them, and no alarm watches them."""


def _literals(module):
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name(id="count"), args=[ast.Constant(value=str(name)), *_]):
                yield name
