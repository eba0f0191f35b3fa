"""Walks one event through a deployment: tracked, scored, mails to SES's mailbox simulator, reports, erasure."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from adapters.delivery import mailer
from adapters.delivery.ses_tags import tag
from adapters.rules.active import stored
from adapters.runtime.clients import client
from adapters.runtime.secrets import secret
from adapters.store.load_lead import load_merged_lead
from ripen.config.configuration import SourceRule
from ripen.errors import RipenError
from ripen_cli.deployment import Deployment, now
from ripen_cli.importing.sending import post
from ripen_cli.ses_reports import report
from ripen_cli.verify.finding import Finding, failed, judge, ok
from services.erasure import erase_lead

SIMULATOR = {"success": "Email Delivered", "bounce": "Email Bounced", "complaint": "Email Marked as Spam"}
"""The mailboxes of SES's simulator (https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html) and the
event that each causes. Mails to them count neither for the quota nor for the reputation."""

SIMULATOR_DOMAIN = "@simulator.amazonses.com"
_EVENT = "Deployment Verified"
_RECORD_WITHIN, _REPORTS_WITHIN = 90.0, 180.0
_LONGEST = 2_000
_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Walk:
    """A test lead, and where its event goes. `deliver` tells a local cloud's reports, which its SES does not send."""

    deployment: Deployment
    configuration_set: str
    progress: Callable[[str], None]
    deliver: Callable[[str, str, str], None] | None = None
    subject: str = field(default_factory=lambda: f"a:verify-{uuid4().hex}")

    def steps(self) -> Iterator[Finding]:
        """Walk through; a step that fails ends the walk, and the test lead is erased in any case."""
        with ExitStack() as after:
            erased: list[Finding] = []
            after.callback(lambda: erased.append(self._erase()))
            for step in (self._track, self._score, self._mail, self._reports):
                found = step()
                yield found
                if found.remedy:
                    break
        yield from erased

    def _track(self) -> Finding:
        name = "an event is tracked"
        source = self._source()
        if source is None:
            return failed(name, "no site may send events", "add a source of kind browser to rules/sources.yaml")
        call: dict[str, Any] = {
            "type": "track",
            "event": _EVENT,
            "anonymousId": self.subject.removeprefix("a:"),
            "messageId": uuid4().hex,
            "writeKey": source.write_key,
            "context": {"consent": {"categoryPreferences": {source.consent_category: True}}},
        }
        headers = {"content-type": "application/json", "user-agent": "Ripen-Verify"}
        if (origin := source.origins[0]) != "*":
            headers["origin"] = origin
        url = f"{self.deployment.public_url}/v1/track"
        try:
            status, answer, _ = post(url, json.dumps(call).encode(), headers)
        except OSError as error:
            return failed(
                name, f"{url}: {error}", "see that PublicUrl leads to the tracking function (output TrackUrl)"
            )
        taken = status == HTTPStatus.OK
        told = f"{url} answers {status}" + ("" if taken else f": {json.dumps(answer)[:_LONGEST]}")
        return judge(name, taken, told, "read the log of the tracking function")

    def _source(self) -> SourceRule | None:
        active = stored(self.deployment.rules_bucket)
        sources = active.configuration.sources.values() if active else ()
        return next((one for one in sources if one.kind == "browser"), None)

    def _score(self) -> Finding:
        name = "its lead is scored"
        self.progress("waiting for the score function")
        scored = self._wait(lambda: bool(self._tree().record.version), _RECORD_WITHIN)
        remedy = "read the log of the score function; see its trigger and the errors alarm"
        return judge(name, scored, "a record is written" if scored else f"no record in {_RECORD_WITHIN:.0f} s", remedy)

    def _mail(self) -> Finding:
        name = "mails go out"
        for mailbox in SIMULATOR:
            recipient = f"{mailbox}{SIMULATOR_DOMAIN}"
            tags = {"lead": tag(self.subject), "intent": f"verify_{mailbox}_1"}
            envelope = mailer.Envelope(self.deployment.sender, recipient, automatic=True)
            rendered = mailer.Rendered("Ripen verifies this deployment", "<p>A test.</p>", "A test.")
            try:
                mime = mailer.build(rendered, envelope)
                mailer.send(mime, self.deployment.sender, recipient, self.configuration_set, tags)
            except RipenError as error:
                return failed(
                    name, f"SES refuses the mail to {recipient}: {error}", "see sender, sandbox and SES sending"
                )
        return ok(name, f"{len(SIMULATOR)} to the mailbox simulator of SES")

    def _reports(self) -> Finding:
        name = "reports come back"
        if self.deliver:
            for mailbox, event in SIMULATOR.items():
                self.deliver(self.subject, f"verify_{mailbox}_1", event)
        self.progress("waiting for the reports of SES")
        wanted = {*SIMULATOR.values()}
        self._wait(lambda: wanted <= self._names(), _REPORTS_WITHIN)
        missing = sorted(wanted - self._names())
        return judge(
            name,
            not missing,
            f"missing: {', '.join(missing)}" if missing else "delivery, bounce and complaint are in the ledger",
            "see the rule for aws.ses in the EventBridge console, and the log of the tracking function",
        )

    def _erase(self) -> Finding:
        table = self.deployment.table
        count = erase_lead(table, [self.subject], secret(self.deployment.address_secret))
        return ok("the test lead is erased", f"{count} items")

    def _tree(self) -> Any:
        return load_merged_lead(self.deployment.table, self.subject, now())

    def _names(self) -> set[str]:
        return {event.name for event in self._tree().events}

    @staticmethod
    def _wait(holds: Callable[[], bool], limit: float) -> bool:
        deadline = time.monotonic() + limit
        while not (good := holds()) and time.monotonic() < deadline:
            time.sleep(_EVERY)
        return good


_REPORTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "Email Delivered": ("delivery", {}),
    "Email Bounced": ("bounce", {"bounceType": "Permanent"}),
    "Email Marked as Spam": ("complaint", {}),
}


def local_report(function: str) -> Callable[[str, str, str], None]:
    """A function that tells the tracking function of a local cloud about a mail, as EventBridge does on AWS."""

    def deliver(subject: str, intent: str, name: str) -> None:
        kind, details = _REPORTS[name]
        payload = report(kind, {"lead": subject, "intent": intent}, now(), details)
        client("lambda").invoke(FunctionName=function, Payload=payload)

    return deliver
