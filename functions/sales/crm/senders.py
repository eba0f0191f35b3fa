"""What the routes of CRMs have in common: a route without a secret, a request that is not proven, and the source."""

from __future__ import annotations

from adapters.runtime.settings import SalesSettings, settings
from adapters.runtime.telemetry import count
from adapters.tracking.source_registry import registered
from answers.errors import RefusedRequestError
from ripen.events.sources import Source


def no_route(parameter: str) -> RefusedRequestError:
    """The error of a route that this deployment does not have."""
    return RefusedRequestError(404, "path", "is not in use", f"a secret in the parameter {parameter}")


def refused(field: str, problem: str, expected: str) -> RefusedRequestError:
    """The error of a request that does not prove its sender; it is counted and not logged."""
    count("CrmSignatureRefused")
    return RefusedRequestError(401, field, problem, expected)


def source_of(name: str, now: int) -> Source:
    """The registered source of this name, or one without rights and limits."""
    found = registered(settings(SalesSettings).table_name, now).named(name)
    return found or Source(name, trusted=False)
