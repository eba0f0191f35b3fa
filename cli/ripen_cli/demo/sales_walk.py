"""Plays a lead whom sales gives back as too early, and wins a quarter of a year later; the past is played first."""

from __future__ import annotations

import json
import re
import secrets
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Route

from adapters.rules.active import stored
from ripen.config.schema.people import Rep
from ripen.messages.colleagues import rep_of
from ripen.times import DAY, HOUR, to_iso
from ripen_cli.cloud import Cloud, Progress
from ripen_cli.demo import regular
from ripen_cli.demo.checking import StoryError, expect, perform
from ripen_cli.demo.leads import Reading
from ripen_cli.demo.mailbox import Mail, mails
from ripen_cli.demo.story import Visitor
from ripen_cli.demo.times import clock
from ripen_cli.demo.triggering import act_at
from ripen_cli.demo.watching import FOLLOWED_WITHIN, Watch

_LINK = re.compile(r"http\S+/v1/dossier\S+")
_WAITS = 30
"""Days for which the rep gives her back."""

_GUIDE = 16
"""Days after which the guide of the programme has gone out."""


class SalesWalk:
    """One walk; `report` gets the title, a dash and the outcome of each step, `progress` a line while it waits."""

    def __init__(self, cloud: Cloud, base: str, report: Callable[[str, str, str], None], progress: Progress) -> None:
        self._cloud = cloud
        self._base = base
        self._report = report
        self._watch = Watch(cloud, progress)
        user = f"mira-{secrets.token_hex(4)}"
        self._who = regular.Person(user, f"{user}@lund.example", "Mira", "Lund")
        self._ripe = regular.ripe_day(clock())

    @property
    def _subject(self) -> str:
        return f"u:{self._who.user}"

    def through(self, browser: Browser) -> None:
        """Play the whole story. Raises StoryError at the first failed check."""
        rep = self._becomes_ripe()
        with browser.new_context() as context:
            self._is_given_back(context, self._notification(rep))
        self._is_nurtured()
        self._comes_back(rep)
        with browser.new_context() as context:
            self._is_won(Visitor(context.new_page(), self._base, ""))

    def _becomes_ripe(self) -> str:
        """Play her first days up to the handoff; returns the address of her rep."""
        title = "another lead passes 150 points: a personal mail, and a rep is told"
        regular.becomes_ripe(self._cloud, self._who, self._ripe)
        self._settled(title, lambda found: any(event.name == "Webinar Attended" for event in found.events))
        act_at(self._cloud, self._subject, self._ripe + HOUR)
        found = self._settled(title, lambda found: bool(found.lead.owner))
        rep = self._rep(found)
        note = next((mail for mail in mails(self._cloud) if mail.recipient == self._who.address), None)
        if note is None or rep.name not in note.text:
            raise StoryError(title, f"a mail to her by {rep.name}", note and note.text)
        self._notification(rep.address)
        self._report(title, "-", f"handed over to {rep.name}")
        return rep.address

    def _notification(self, address: str) -> Mail:
        """The newest notification of a handoff to the rep about her."""
        wanted = f"For you: {self._who.name}"
        found = (mail for mail in mails(self._cloud) if mail.recipient == address and mail.subject == wanted)
        mail = next((one for one in found if self._subject in one.text), None)
        if mail is None:
            raise StoryError("the rep is told", f"a mail {wanted!r} to {address}", "none")
        return mail

    def _is_given_back(self, context: BrowserContext, mail: Mail) -> None:
        title = "the rep opens the dossier, and gives her back: too early"
        found = _LINK.search(mail.text)
        if found is None:
            raise StoryError(title, "a link to the dossier", mail.text)
        context.route(f"{self._cloud.sales_url}/**", past(self._cloud, self._ripe + 2 * HOUR))
        context.set_default_timeout(60_000)
        rep = Visitor(context.new_page(), self._base, "")
        perform(title, lambda rep: rep.page.goto(found[0]), rep)
        if self._who.name in rep.page.content():
            raise StoryError(title, "a page without her name before the button is pressed", self._who.name)
        perform(title, lambda rep: _gives_back(rep.page, self._who.name, self._ripe + _WAITS * DAY), rep)
        reading = self._settled(title, lambda found: found.lead.decision is not None)
        decision = reading.lead.decision
        expect(title, "decision", ("Lead Returned", "too-early"), decision and (decision.name, decision.reason))
        self._report(title, "-", "given back")

    def _is_nurtured(self) -> None:
        title = "meanwhile the programme that fits the reason writes to her"
        act_at(self._cloud, self._subject, self._ripe + _GUIDE * DAY)
        reading = self._settled(title)
        sent = [one.properties["campaign"] for one in reading.events if one.name == "Email Sent"]
        if "returned-too-early" not in sent:
            raise StoryError(title, "a mail of the programme returned-too-early", sent)
        self._report(title, "-", "returned-too-early")

    def _comes_back(self, rep: str) -> None:
        title = "after the day she gathers 150 new points: handed over again"
        before = len(self._handoffs(self._settled(title)))
        expect(title, "handoffs so far", 1, before)
        regular.reads_again(self._cloud, self._who.user, clock())

        found = self._watch.after_sweeps(
            lambda: self._watch.read(self._subject),
            lambda found: found is not None and len(self._handoffs(found)) > 1,
            FOLLOWED_WITHIN,
        )
        if found is None or len(self._handoffs(found)) != 2:
            raise StoryError(title, "a second handoff", found and self._handoffs(found))
        expect(title, "her rep", rep, self._rep(found).address)
        self._report(title, "-", "handed over again")

    def _is_won(self, sales: Visitor) -> None:
        title = "the CRM, which heard of all that, tells of the deal: won"

        def press(sales: Visitor) -> None:
            sales.visit("/_demo/crm/")
            record = sales.page.locator("article", has=sales.page.get_by_role("link", name=self._who.name)).filter(
                has=sales.page.locator(f'input[value="{self._subject}"]')
            )
            record.get_by_role("button", name="Won").click()

        perform(title, press, sales)
        reading = self._settled(title, lambda found: found.lead.phase == "purchase")
        decision = reading.lead.decision
        expect(title, "decision in force", "Deal Won", decision and decision.name)
        self._report(title, "-", reading.lead.phase)

    def _rep(self, found: Reading) -> Rep:
        live = stored(self._cloud.rules_bucket)
        rep = rep_of(live.configuration, found.lead.owner) if live else None
        if rep is None:
            raise StoryError("she has a rep", "a rep of people.yaml", found.lead.owner)
        return rep

    @staticmethod
    def _handoffs(found: Reading) -> list[str]:
        return [one.id for one in found.events if one.name == "Lead Handed Off"]

    def _settled(self, title: str, also: Callable[[Reading], bool] = lambda _: True) -> Reading:
        return self._watch.settled(title, self._subject, also)


def _gives_back(page: Page, name: str, until: int) -> None:
    page.get_by_role("button").click()
    page.get_by_role("heading", name=name).wait_for()
    page.locator("details.return > summary").click()
    form = page.locator("details.return form")
    form.locator("[name=until]").fill(to_iso(until)[:10])
    form.get_by_role("button").click()
    page.get_by_role("status").wait_for()


def past(cloud: Cloud, moment: int) -> Callable[[Route], None]:
    """Answers requests to the sales function as it would have answered at a moment (ms)."""
    functions = cloud.client("lambda")

    def answer(route: Route) -> None:
        payload = json.dumps(_request(route, moment)).encode()
        answered = json.load(functions.invoke(FunctionName=cloud.sales_function, Payload=payload)["Payload"])
        headers: dict[str, str] = dict(answered["headers"])
        if answered.get("cookies"):
            headers["set-cookie"] = "\n".join(answered["cookies"])
        body = b64decode(answered["body"]) if answered.get("isBase64Encoded") else answered["body"]
        route.fulfill(status=answered["statusCode"], headers=headers, body=body)

    return answer


def _request(route: Route, moment: int) -> Mapping[str, Any]:
    """A browser's request in the format of function URLs."""
    request, url = route.request, urlsplit(route.request.url)
    headers = request.all_headers()
    # The browser adds this only when it sends a request, and an intercepted one it does not send.
    headers["sec-fetch-site"] = "same-origin" if request.method == "POST" else "none"
    cookies = headers.pop("cookie", "")
    http = {"method": request.method, "path": f"/v1{url.path.partition('/v1')[2]}", "sourceIp": "127.0.0.1"}
    return {
        "version": "2.0",
        "rawPath": http["path"],
        "rawQueryString": url.query,
        "queryStringParameters": dict(parse_qsl(url.query)),
        "headers": {name: value for name, value in headers.items() if not name.startswith(":")},
        "cookies": [one.strip() for one in cookies.split(";")] if cookies else [],
        "requestContext": {"http": http, "timeEpoch": moment, "domainName": url.netloc},
        "body": request.post_data or "",
        "isBase64Encoded": False,
    }
