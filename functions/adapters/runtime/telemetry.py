"""Logs and metrics. Neither holds an address, a token or an IP; logs name a subject by a digest."""

from __future__ import annotations

import hashlib

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from adapters.runtime.settings import TelemetrySettings, settings

NAMESPACE = "Ripen"

logger = Logger(service="ripen")


def count(name: str, value: int = 1) -> None:
    """Add to a counter of this stack in the namespace `Ripen`, in CloudWatch's embedded metric format.

    Alarms watch these metrics, each those of its own stack.
    """
    with single_metric(name=name, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as metric:
        metric.add_dimension(name="stack", value=settings(TelemetrySettings).stack_name)


def pseudonym(subject: str) -> str:
    """A short digest of a subject. It connects log lines about one lead and identifies nobody."""
    return hashlib.sha256(subject.encode()).hexdigest()[:12]
