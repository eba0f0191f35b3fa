"""The report on an upload as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MINUTE = len("2026-11-21T09:30")


def report_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The report as lines; one that an earlier version of Ripen wrote lacks some keys."""
    live = report.get("live")
    yield f"Live: version {named(live)} since {when(live)}" if live else "Live: not known, or nothing yet"
    if not report:
        return
    if report["activated"]:
        yield f"The last upload, of {when(report)}, is live."
    elif report.get("waits"):
        yield f"The last upload, of {when(report)}, is version {named(report)} and waits for a yes:"
        yield from (f"  {reason}" for reason in report["waits"])
        name = report.get("number") or report["version"]
        yield f"`ripen rules activate {name}` makes it live; another upload replaces it."
    else:
        yield f"The last upload, of {when(report)}, changed nothing:"
        yield from (f"  {problem}" for problem in report["problems"])
    yield from rehearsal_lines(report.get("rehearsal", {}))
    if report.get("waits"):
        yield from change_lines(report.get("changes", {}))
    yield from notes(report.get("warnings", []), report.get("ignored", []))


def rehearsal_lines(rehearsal: Mapping[str, Any]) -> Iterator[str]:
    """The sentence of a rehearsal and the S3 key of its report, or why it could not be made."""
    if rehearsal.get("problem"):
        yield f"Rehearsal: not made, because {rehearsal['problem']}"
    elif rehearsal.get("sentence"):
        yield f"Rehearsal: {rehearsal['sentence']}"
        yield f"Report: {rehearsal['report']} in the rules bucket"
    if whole := rehearsal.get("whole"):
        yield f"Rehearsal of all leads: {whole['state']}{_because(whole.get('problem'))}"


def _because(problem: str | None) -> str:
    return f", because {problem}" if problem else ""


def named(version: Mapping[str, Any]) -> str:
    """The number and digest of a version; the digest alone if it has no number."""
    number = version.get("number")
    return f"{number} ({version['version']})" if number else str(version["version"])


def change_lines(changes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Changes by file, one a line."""
    for file, texts in changes.items():
        yield f"{file}:"
        yield from (f"  {text}" for text in texts)


def when(told: Mapping[str, Any]) -> str:
    """The time of a report or version, and by whom."""
    by = f" by {told['by']}" if told.get("by") else ""
    yes = f", approved by {told['approved_by']}" if told.get("approved_by") else ""
    return f"{(told.get('since') or told['at'])[:_MINUTE].replace('T', ' ')}{by}{yes}"


def notes(warnings: Sequence[str], ignored: Sequence[str]) -> Iterator[str]:
    """Warnings, and the files that are ignored."""
    yield from (f"Warning: {warning}" for warning in warnings)
    if ignored:
        yield f"Ignored: {', '.join(ignored)}"
