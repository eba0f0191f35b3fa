"""Publish uploaded rules and mails: check all files, then activate them, wait for a yes, or report the problems."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import ValidationError

from adapters.dynamodb.lease import lease
from adapters.rules import pushes, uploads
from adapters.rules.active import CURRENT, activate, stored
from adapters.rules.isolated_check import Checked, check
from adapters.rules.schemas import put_schemas
from adapters.rules.whole_rehearsals import DONE, state_of
from adapters.runtime.clients import store_json, stored_object
from adapters.runtime.settings import PublishSettings
from adapters.runtime.telemetry import count, logger
from adapters.store.all_leads import under_way
from adapters.tracking.event_names import sent_names
from adapters.tracking.public_config import put_public_config
from adapters.tracking.source_registry import register
from adapters.tracking.waiting_version import put_waiting, waiting_version
from ripen.config.configuration import ActiveConfiguration, Configuration, Mails, compile_sources
from ripen.config.edits import edit
from ripen.config.public import dump_site
from ripen.config.upload_limits import is_ignored
from ripen.errors import InvalidConfigurationError
from ripen.messages.senders import domains_in, sender_of
from ripen.storage.ledger import PUBLISHING_KEY
from ripen.times import parse_iso, to_iso
from ripen.versions.values import shortened
from ripen.versions.version import Version
from services.approval import Assessment, Weighed, given_yes, use_up, weigh
from services.asking import ask, tell
from services.rehearsing import Replacement
from services.versioning import Decision, Upload, keep, note_activation, number_of
from services.whole_rehearsal import Ended, note_end, told_of

REPORT = "reports/latest.json"
_LEASE = 155
"""Seconds: a copy of the function that has been stopped after its 150 seconds works no more."""
_PATIENCE = 100
"""Seconds for which a copy waits for another one; the rest of its 150 seconds is for its own work."""
_CAMPAIGNS = "rules/campaigns.yaml"
_MOST_PROBLEMS = 200
_MOST_LISTED = 50
_LONGEST = 500
_ALL = "rules/ and mails/"
_IN_PROGRESS = f"{_ALL}: the check is in progress; if this message stays, the check failed and nothing was activated"

_OF_ANOTHER_RELEASE = (
    f"{CURRENT}: another release of Ripen wrote the live rules, and this one cannot read them; leads wait until an "
    "upload of valid rules replaces them, so correct the problems and upload again"
)


_UNWEIGHED = Weighed(Assessment([], {}), None)
"""What is known of a version that replaces nothing, or is live already."""


class _Outcome(NamedTuple):
    """The report, what is active afterwards, and the push that is complete now."""

    report: dict[str, Any]
    live: ActiveConfiguration | None
    push: pushes.Push | None = None


class Release(NamedTuple):
    """What goes live: the rules and mails, their numbered version, and the decision."""

    live: ActiveConfiguration
    mails: Mails
    version: Version
    decision: Decision


def publish(settings: PublishSettings, at: str, requester: str = "", ended: Iterable[Ended] = ()) -> dict[str, Any]:
    """Check all files below `rules/` and `mails/`, and activate them if they are valid.

    The report is returned and written to `reports/latest.json`: `activated`, `version` of the files (empty if invalid)
    and its `number`, `changes` by file to what was live, `problems`, `waits` with the reasons for which the version
    waits for a yes, `rehearsal` (see `services.approval.Assessment`), `warnings`, `ignored` files, `at`, `by` and `why`
    of the upload, the `version`, `number`, `since`, `by` and `approved_by` of what is `live`, and in `files` a digest
    of the files. Without a name in the files, `requester` uploaded them. While files of a push are missing, the report
    is `incomplete` and says which. If files change meanwhile, all are read again; so after many uploads at once only
    the first calls have anything to do. The report is mailed (see `services.asking`), at most once.

    `ended` are rehearsals of all leads. The report tells their result in place of that of a sample.

    One call works at a time, because two would mail twice, and could say about each other's work that it waits for a
    yes. Raises LeaseTakenError if another call takes very long.
    """
    with lease(settings.table_name, PUBLISHING_KEY, _LEASE, _PATIENCE):
        return _publish(settings, at, requester, ended)


def _publish(settings: PublishSettings, at: str, requester: str, ended: Iterable[Ended]) -> dict[str, Any]:
    bucket = settings.bucket_name
    for one in ended:
        note_end(bucket, one)
    report, files = last_report(bucket), uploads.uploaded_files(bucket)
    while (
        report.get("files") != uploads.digest(files)
        or _is_decided(settings, report, at)
        or _is_whole(bucket, report, files)
    ):
        # If the function is stopped from here on, the previous report must not pass for a report on these files.
        _write(bucket, _unfinished(bucket, _IN_PROGRESS, at))
        try:
            outcome = _check_and_activate(settings, files, Upload(at, requester, ""), report)
            report = outcome.report
            links = {} if report.get("incomplete") else ask(settings, report, outcome.live)
            _write(bucket, report)
            if outcome.push is not None:
                pushes.end(bucket)
        except Exception as error:
            failed = f"{_ALL}: the activation failed with {type(error).__name__}; it is retried soon"
            _write(bucket, _unfinished(bucket, failed, at))
            raise
        if not report.get("incomplete"):
            tell(settings, report, outcome.live, links)
        files = uploads.uploaded_files(bucket)
    report = _with_whole_rehearsal(settings, report)
    put_schemas(bucket)
    return report


def _with_whole_rehearsal(settings: PublishSettings, report: dict[str, Any]) -> dict[str, Any]:
    """The report with the state of the rehearsal of all leads and, once it is done, with its result."""
    bucket, version, rehearsal = settings.bucket_name, report.get("version", ""), report.get("rehearsal", {})
    state = state_of(bucket, version) if version else None
    if state is None or not state.run or rehearsal.get("whole") == state.told():
        return report
    rehearsal = (told_of(bucket, version) or {} if state.state == DONE else rehearsal) | {"whole": state.told()}
    report = report | {"rehearsal": rehearsal}
    _write(bucket, report)
    waiting = waiting_version(settings.table_name) if report.get("waits") else None
    if waiting is not None and waiting.version == version:
        told = {"sentence": rehearsal.get("sentence", ""), "report": rehearsal.get("report", "")}
        put_waiting(settings.table_name, replace(waiting, **told))
    return report


def _check_and_activate(
    settings: PublishSettings, files: uploads.Files, upload: Upload, last: Mapping[str, Any]
) -> _Outcome:
    """The report on these files, after the `last` one."""
    bucket, at = settings.bucket_name, upload.at
    before, announced = _active(bucket), pushes.announced(bucket, files)
    push = announced.push if announced else None
    upload = _upload(bucket, files, upload, push, last)
    ignored = sorted(filter(is_ignored, files))[:_MOST_LISTED]
    about: dict[str, Any] = {"by": upload.by, "why": upload.why, "waits": [], "warnings": [], "ignored": ignored}
    about |= {"rehearsal": {}, "files": uploads.digest(files), "live": _live(bucket, before)}
    if announced and announced.missing:
        return _Outcome(_refusal([_half(announced)], at) | about | {"incomplete": True}, before)
    try:
        contents = uploads.contents(bucket, files)
        checked = check(contents, sent_names(settings.table_name))
        live = replacement(settings, before, checked, at, upload.by)
    except InvalidConfigurationError as error:
        refusal = _refusal(error.problems, at)
        logger.error("The rules are not valid; the previous rules stay active", extra={"problems": refusal["problems"]})
        count("RulesInvalid")
        if before is None and stored_object(bucket, CURRENT) is not None:
            about["warnings"] = [_OF_ANOTHER_RELEASE]
        return _Outcome(refusal | about, before, push)
    version = keep(bucket, upload, contents, checked, before)
    about |= {"number": version.number, "changes": version.changes}
    about["warnings"] = [*uploads.misplaced_files(bucket), *checked.warnings][:_MOST_LISTED]
    (reasons, about["rehearsal"]), yes = _UNWEIGHED
    if before is not None and live.version != before.version:
        new = Replacement(before, live, checked.configuration)
        (reasons, about["rehearsal"]), yes = weigh(settings, new, last, parse_iso(at))
        if yes is None and reasons:
            logger.info("The rules wait for a yes", extra={"version": live.version, "reasons": reasons})
            report = {"activated": False, "version": live.version, "problems": [], "at": at}
            return _Outcome(report | about | {"waits": reasons}, before, push)
        live = live.model_copy(update={"approved_by": yes.by if yes else ""})
    decision = Decision(upload.why, yes.why if yes else "", reasons)
    go_live(settings, Release(live, checked.mails, version, decision))
    if yes is not None:
        use_up(bucket, live.version, yes)
    logger.info("The rules are active", extra={"version": live.version})
    report = {"activated": True, "version": live.version, "problems": [], "at": at}
    return _Outcome(report | about | {"live": _live(bucket, live)}, live, push)


def go_live(settings: PublishSettings, release: Release) -> None:
    """Make a checked version live. After a crash in between, the next call does the same again."""
    live, mails, version, decision = release
    register(settings.table_name, compile_sources(live.configuration))
    put_public_config(settings.table_name, dump_site(live.configuration, mails))
    activate(settings.bucket_name, live, mails)
    note_activation(settings.bucket_name, live, version, decision)


def _upload(
    bucket: str, files: uploads.Files, upload: Upload, push: pushes.Push | None, last: Mapping[str, Any]
) -> Upload:
    """The upload, with name and reason as its push, the last report on the same files or its newest file tells."""
    if push is not None:
        return Upload(upload.at, push.by, push.why)
    if last.get("files") == uploads.digest(files):
        return Upload(upload.at, last.get("by", ""), last.get("why", ""))
    return Upload(upload.at, uploads.uploader(bucket, files) or upload.by, "")


def _half(announced: pushes.Announced) -> str:
    push, missing = announced
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return (
        f"{_ALL}: the push{f' by {push.by}' if push.by else ''} of {push.at} is not complete; still missing: "
        f"{', '.join(missing[:3])}{more}. If `ripen rules push` is not running any more, run it again; "
        f"or delete {pushes.PUSH} from the bucket and upload any rule file, to use the files as they are"
    )


def replacement(
    settings: PublishSettings, before: ActiveConfiguration | None, checked: Checked, at: str, by: str
) -> ActiveConfiguration:
    """The checked configuration, ready to be active from `at` on; the same version again stays active since before.

    Raises InvalidConfigurationError for wrong uses of `was`, and for names that seem to be new ones for others without
    `was`, while leads are under way in the campaign.
    """
    # Times of activations differ, so that rules that come back at once are told apart from those before.
    at = to_iso(max(parse_iso(at), parse_iso(before.activated_at) + 1 if before else 0))
    edited = edit(before, checked.configuration, parse_iso(at))
    problems = [f"{_CAMPAIGNS}: {'.'.join(map(str, path))}: {text}" for path, text in edited.problems]
    problems += _foreign_senders(settings, checked.configuration)
    if edited.renamings:
        counts, complete = under_way(settings.table_name)
        for renaming in edited.renamings:
            if (count := counts[renaming.campaign]) or not complete:
                leads = f"{'' if complete else 'at least '}{count} {'lead is' if count == 1 else 'leads are'}"
                problems.append(f"{_CAMPAIGNS}: {'.'.join(map(str, renaming.path))}: {renaming.problem(leads)}")
    if problems:
        raise InvalidConfigurationError(problems)
    same = before is not None and before.version == checked.version
    return ActiveConfiguration(
        version=checked.version,
        activated_at=before.activated_at if before and same else at,
        activated_by=before.activated_by if before and same else by,
        approved_by=before.approved_by if before and same else "",
        configuration=checked.configuration.model_copy(update={"campaigns": edited.campaigns}),
        editions=edited.editions,
        renamed=edited.renamed,
    )


def _foreign_senders(settings: PublishSettings, configuration: Configuration) -> list[str]:
    """A problem for each `from_address` with which the deployment may not send."""
    named = {"rules/mailing.yaml: mailing": configuration.mailing.from_address}
    named |= {f"{_CAMPAIGNS}: campaigns.{name}": rule.from_address for name, rule in configuration.campaigns.items()}
    domains = domains_in(settings.sender_domains)
    return [
        f"{place}.from_address: {address} is neither {settings.sender} nor of a domain in the parameter SenderDomains"
        f" ({', '.join(sorted(domains)) or 'none'}); ask the operator to add it, or leave from_address out"
        for place, address in named.items()
        if address and address != settings.sender and not sender_of(address, domains)
    ]


def _is_decided(settings: PublishSettings, report: Mapping[str, Any], at: str) -> bool:
    """True if the report is about a version that waits for a yes, and has got it, or is live meanwhile."""
    if not report.get("waits"):
        return False
    live = _active(settings.bucket_name)
    return live is not None and (
        live.version == report["version"] or given_yes(settings, live, report["version"], parse_iso(at)) is not None
    )


def _is_whole(bucket: str, report: Mapping[str, Any], files: uploads.Files) -> bool:
    """True if the report is about a push of which nothing is missing any more."""
    announced = pushes.announced(bucket, files) if report.get("incomplete") else None
    return bool(report.get("incomplete")) and not (announced and announced.missing)


def _active(bucket: str) -> ActiveConfiguration | None:
    try:
        return stored(bucket)
    except ValidationError:  # of a version of Ripen that this one cannot read
        logger.warning("The active rules cannot be read; edits of campaigns under way are not known")
        return None


def _live(bucket: str, active: ActiveConfiguration | None) -> dict[str, Any] | None:
    if active is None:
        return None
    return {
        "number": number_of(bucket, active),
        "version": active.version,
        "since": active.activated_at,
        "by": active.activated_by,
        "approved_by": active.approved_by,
    }


def _unfinished(bucket: str, problem: str, at: str) -> dict[str, Any]:
    """The report while nothing is decided about the files; it still tells what is live."""
    return _refusal([problem], at) | {"live": _live(bucket, _active(bucket))}


def _refusal(problems: Sequence[str], at: str) -> dict[str, Any]:
    told = [shortened(problem, _LONGEST) for problem in problems[:_MOST_PROBLEMS]]
    if len(problems) > len(told):
        told.append(f"{_ALL}: there are more problems than these")
    return {"activated": False, "version": "", "problems": told, "at": at}


def last_report(bucket: str) -> dict[str, Any]:
    """The last report; empty if there is none that can be read."""
    body = stored_object(bucket, REPORT)
    try:
        found = json.loads(body) if body is not None else {}
    except ValueError:  # another program wrote it
        return {}
    return found if isinstance(found, dict) else {}


def _write(bucket: str, report: dict[str, Any]) -> None:
    store_json(bucket, REPORT, json.dumps(report, indent=2))
