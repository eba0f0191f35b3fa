"""The demo's page about the rules: what is live, what became of the last upload, edits to try, and the way back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import click
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from adapters.rules.rehearsals import page_key, rehearsal_of
from adapters.rules.uploads import digest, uploaded_files
from adapters.rules.versions import activations, numbered, numbers
from adapters.runtime import clients
from ripen_cli.cloud import APPROVER, Cloud
from ripen_cli.demo.edits import EDITS
from ripen_cli.rules.history import version_lines
from ripen_cli.rules.lookup import find
from ripen_cli.rules.report_lines import when
from ripen_cli.rules.writing import replacement, version_before, write
from services.publishing import last_report

PERSON = "the marketer of the demo"
_MOST_VERSIONS = 10
_Answer = AnyResponse | tuple[str, int]

_REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "frame-ancestors 'none'"
)
"""A report sorts its tables by a script. Without the origin of the demo, the script reaches none of its pages."""


class Status(NamedTuple):
    """What became of the last upload: `state` is live, waits, refused or checking, `report` is that of publish.

    `stamp` differs whenever something else is to be shown.
    """

    state: str
    report: dict[str, Any]
    stamp: str


class Row(NamedTuple):
    """A version in the history: its lines, whether there is a report about it, and whether it is live."""

    number: int
    lines: list[str]
    reported: bool
    live: bool


def status(bucket: str) -> Status:
    """The status of the files that are in the bucket now."""
    report, files = last_report(bucket), digest(uploaded_files(bucket))
    stamp = hashlib.sha256(json.dumps([report, files]).encode()).hexdigest()[:16]
    if report.get("files") != files or report.get("incomplete"):
        return Status("checking", report, stamp)
    state = "live" if report["activated"] else "waits" if report.get("waits") else "refused"
    return Status(state, report, stamp)


def blueprint(cloud: Cloud) -> Blueprint:
    """The page at `/rules/`, what its buttons do, and the reports of rehearsals."""
    pages = Blueprint("rules", __name__, url_prefix="/rules")
    bucket = cloud.rules_bucket
    clients.use("s3", cloud.client("s3"))

    @pages.get("/")
    def page() -> str:
        return _page(bucket)

    @pages.get("/stamp")
    def stamp() -> dict[str, str]:
        return {"stamp": status(bucket).stamp}

    @pages.post("/edits/<name>")
    def edit(name: str) -> _Answer:
        made = EDITS.get(name) or abort(404)
        return _changed(bucket, lambda: _put(bucket, made.applied(_files(bucket, "live")), made.why))

    @pages.post("/rollback")
    def rollback() -> _Answer:
        return _changed(bucket, lambda: _roll_back(bucket, request.form.get("version", "")))

    @pages.get("/<int:number>/report")
    def report(number: int) -> Response:
        version = numbered(bucket, number)
        body = clients.stored_object(bucket, page_key(version.version)) if version else None
        answer = make_response(body if body is not None else abort(404))
        answer.headers["Content-Security-Policy"] = _REPORT_POLICY
        return answer

    return pages


def _page(bucket: str, problem: str = "") -> str:
    found = status(bucket)
    return render_template(
        "desk/rules.html",
        status=found,
        report=found.report,
        problem=problem,
        rows=_rows(bucket, found.report),
        edits=EDITS,
        approver=APPROVER,
        when=when,
    )


def _rows(bucket: str, report: Mapping[str, Any]) -> list[Row]:
    decisions, live = activations(bucket), (report.get("live") or {}).get("number")
    newest = sorted(numbers(bucket), reverse=True)[:_MOST_VERSIONS]
    versions = (version for number in newest if (version := numbered(bucket, number)) is not None)
    return [
        Row(
            version.number,
            [line.strip() for line in version_lines(version, decisions)],
            reported=rehearsal_of(bucket, version.version) is not None,
            live=version.number == live,
        )
        for version in versions
    ]


def _files(bucket: str, name: str) -> dict[str, bytes]:
    return {key: text.encode() for key, text in find(bucket, name).files.items()}


def _roll_back(bucket: str, name: str) -> None:
    wanted = name or version_before(bucket)
    _put(bucket, _files(bucket, wanted), f"rollback to version {wanted}")


def _put(bucket: str, files: Mapping[str, bytes], why: str) -> None:
    writing = replacement(bucket, files, PERSON, why)
    if writing is None:
        raise click.ClickException("nothing to upload: the bucket has the same files")
    write(bucket, writing, quiet=True)


def _changed(bucket: str, change: Callable[[], None]) -> _Answer:
    """Make a change and show the page again, with the reason if it was not possible."""
    try:
        change()
    except click.ClickException as error:
        return _page(bucket, error.message), HTTPStatus.CONFLICT
    return redirect(url_for("desk.rules.page"), HTTPStatus.SEE_OTHER)
