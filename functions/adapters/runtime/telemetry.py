"""Logs and metrics. Neither ever holds an address, a token or an IP: subjects are named by their digest."""

from __future__ import annotations

import hashlib

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

NAMESPACE = "Ripen"

logger = Logger(service="ripen")


def count(name: str, value: int = 1) -> None:
    """Add to a counter in the namespace `Ripen`, in CloudWatch's embedded metric format; alarms listen to these."""
    with single_metric(name=name, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as metric:
        metric.add_dimension(name="service", value="ripen")


def pseudonym(subject: str) -> str:
    """A short digest by which log lines about one lead can be put together, and nobody recognised."""
    return hashlib.sha256(subject.encode()).hexdigest()[:12]
