"""The sales function finds the route of a request, and answers what it does not know as its sender can read it."""

import json
import sys
from types import ModuleType

import pytest

from adapters.dynamodb.table import TableThrottledError
from answers.errors import PageError
from ripen.errors import VersionConflictError
from sales import handler


def asked(path, method="POST"):
    http = {"path": path, "method": method, "sourceIp": "192.0.2.1"}
    return handler.handler({"requestContext": {"http": http, "timeEpoch": 0}, "headers": {}}, None)


@pytest.fixture
def route(monkeypatch):
    """A function that registers an answer for a path, as a page or as a call."""

    def register(table, path, answer):
        module = ModuleType("routed")
        module.answer = answer
        monkeypatch.setitem(sys.modules, "routed", module)
        monkeypatch.setattr(handler, table, {path: "routed:answer"})

    return register


def told(_event):
    return {"statusCode": 200, "headers": {}, "body": "answer"}


@pytest.mark.parametrize("path", ["/v1/crm/results", "/crm/results/", "/a/base/v1/crm/results"])
def test_a_route_is_found_by_the_last_segments_of_a_path(route, path):
    route("CALLS", "crm/results", told)

    assert asked(path)["body"] == "answer"


def test_an_unknown_path_is_refused_and_the_known_ones_are_named(route):
    route("CALLS", "crm/results", told)

    answer = asked("/v1/results")

    assert answer["statusCode"] == 404
    [error] = json.loads(answer["body"])["errors"]
    assert error["field"] == "path"
    assert "/v1/crm/results" in error["expected"]


def test_a_call_is_posted(route):
    route("CALLS", "decisions", told)

    assert asked("/v1/decisions", "GET")["statusCode"] == 405


@pytest.mark.parametrize(("method", "status", "body"), [("GET", 200, "answer"), ("HEAD", 200, ""), ("PUT", 405, "<")])
def test_a_page_is_opened_with_get_and_head(route, method, status, body):
    route("PAGES", "dossier", told)

    answer = asked("/v1/dossier", method)

    assert (answer["statusCode"], answer["body"][: len(body) or 1]) == (status, body)


@pytest.mark.parametrize("error", [TableThrottledError("busy"), VersionConflictError("merged")])
@pytest.mark.parametrize(("table", "path", "status"), [("CALLS", "decisions", 429), ("PAGES", "dossier", 503)])
def test_who_comes_while_the_lead_is_written_may_come_again(route, error, table, path, status):
    def refuse(_event):
        raise error

    route(table, path, refuse)

    answer = asked(f"/v1/{path}")

    assert (answer["statusCode"], "retry-after" in answer["headers"]) == (status, True)


def test_the_error_of_a_page_is_a_page_without_scripts(route):
    def refuse(_event):
        raise PageError(400, "link")

    route("PAGES", "dossier", refuse)

    answer = asked("/v1/dossier")

    assert answer["statusCode"] == 400
    assert "The link is not complete" in answer["body"]
    assert "default-src 'none'" in answer["headers"]["content-security-policy"]
