"""Plays the scripted journey in a browser against the running demo and checks the lead after each step."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from ripen.events.event import RIPEN
from ripen.leads.identifiers import UNSUBSCRIBED
from ripen.times import LAST_MOMENT
from ripen_cli.cloud import Cloud, Progress
from ripen_cli.demo.checking import StoryError, expect, perform, wait
from ripen_cli.demo.desk import visitor_in
from ripen_cli.demo.leads import Reading
from ripen_cli.demo.mailbox import Mail, mails
from ripen_cli.demo.move_over import DOMAIN, PEOPLE, import_export
from ripen_cli.demo.postman import pages
from ripen_cli.demo.rules_walk import RulesWalk
from ripen_cli.demo.sales_walk import SalesWalk
from ripen_cli.demo.shop import order
from ripen_cli.demo.story import (
    AGENDA,
    AGENDA_FOR_ANY,
    AGENDA_IN_GERMAN,
    ALL_TAKEN,
    CONFIRM,
    FIRST_NAME,
    FIRST_STEPS,
    GERMAN,
    KNOWN,
    READ,
    RECEIPT,
    SIGNED_UP_ALONE,
    STEPS,
    STRANGER,
    WELCOME,
    Step,
    Visitor,
    arrive,
    ask_for_a_seat,
    decline,
    sign_up_elsewhere,
    sign_up_in_german,
    told,
)
from ripen_cli.demo.times import clock
from ripen_cli.demo.watching import FOLLOWED_WITHIN, Watch
from ripen_cli.local_edge import SITE

_MAILED_WITHIN = 90
_COUNTED_WITHIN = 150
_SITE_COOKIE = (f".{SITE}", 3)


class Journey:
    """One run of the journey; `say` gets a line per step, `progress` gets a line while it waits."""

    def __init__(self, cloud: Cloud, base: str, say: Progress, progress: Progress) -> None:
        self._cloud = cloud
        self._base = base
        self._say = say
        self._progress = progress
        self._watch = Watch(cloud, progress)
        self._address = f"mara.{secrets.token_hex(4)}@oakhurst.example"
        self._number = 0

    def through(self, browser: Browser) -> None:
        """Run the whole journey. Raises StoryError at the first failed check."""
        known = self._watch.leads.subjects()
        with browser.new_context() as context:
            mara = self._visitor(context, self._address)
            self._leaves_no_trace("arrives through an advertisement", arrive, mara, known, cookies=[])
            with browser.new_context() as other:
                title = "another visitor declines and looks around"
                declined = self._visitor(other, f"noor.{secrets.token_hex(4)}@birchwood.example")
                self._leaves_no_trace(title, decline, declined, known, cookies=["no"])
                known |= self._is_answered(declined, known)
            before = None
            for step in STEPS:
                before = self._take(step, mara, known, before)
            if before is None or before.lead.address != self._address:
                raise StoryError(STEPS[-1].title, self._address, before and before.lead.address)
            self._is_known(before)
            self._is_asked_first(before)
            self._subscribes(mara, before.lead.subject)
            self._reads_and_leaves(mara, before.lead.subject)
            self._is_claimed_by_others(browser, before.lead.subject)
            self._orders(before.lead.subject)
        with browser.new_context() as context:
            self._is_mailed_in_german(self._visitor(context, f"weber.{secrets.token_hex(4)}@lindenhof.example"))
        SalesWalk(self._cloud, self._base, self._report, self._progress).through(browser)
        self._moves_over()
        with browser.new_context() as context:
            RulesWalk(self._cloud, self._visitor(context, ""), self._report, self._progress).through()

    def _visitor(self, context: BrowserContext, address: str) -> Visitor:
        context.set_default_timeout(60_000)
        return Visitor(context.new_page(), self._base, address)

    def _leaves_no_trace(
        self, title: str, act: Callable[[Visitor], None], visitor: Visitor, known: set[str], cookies: list[str]
    ) -> None:
        asked: list[str] = []
        visitor.page.on("request", lambda request: asked.append(request.url))
        perform(title, act, visitor)
        elsewhere = [url for url in asked if not url.startswith(self._base)]
        expect(title, "requests to others", [], elsewhere)
        _expect_in_browser(title, visitor, cookies)
        expect(title, "new subjects in the ledger", set(), self._watch.leads.subjects() - known)
        self._report(title, "-", "nothing in the ledger")

    def _is_answered(self, visitor: Visitor, known: set[str]) -> set[str]:
        """The form of a visitor who declined is stored alone, and answered by its mail; returns its subject."""
        title = "he signs up all the same, and gets the agenda"
        perform(title, ask_for_a_seat, visitor)
        _expect_in_browser(title, visitor, ["no"])
        found = self._watch.after_sweeps(lambda: self._mails(visitor.address), bool, _MAILED_WITHIN)
        expect(title, "mails", [AGENDA_FOR_ANY], found)
        new = self._watch.leads.subjects() - known
        expect(title, "number of new subjects", 1, len(new))
        [subject] = new
        reading = self._watch.settled(title, subject, lambda found: not found.lead.pending)
        typed = [event.name for event in reading.events if event.source != RIPEN]
        expect(title, "what he told", ["Signed Up"], typed)
        self._check(title, reading, 0, "awareness")
        self._report(title, "0.0", "awareness")
        return new

    def _take(self, step: Step, visitor: Visitor, known: set[str], before: Reading | None) -> Reading:
        perform(step.title, step.act, visitor)
        perform(step.title, lambda her: her.page.wait_for_function(ALL_TAKEN), visitor)
        new = self._watch.leads.subjects() - known
        [cookie] = visitor.page.context.cookies()
        expect(step.title, "the cookie that the edge has set, for the whole site", _SITE_COOKIE, _who_set(cookie))
        expect(step.title, "subjects", {f"a:{visitor_in(cookie['value'])}"}, new)
        reading = self._watch.settled(step.title, new.pop())
        self._check(step.title, reading, step.score, step.phase)
        if before:
            kept = len(before.lead.contributions)
            expect(step.title, "earlier points", before.lead.contributions, reading.lead.contributions[:kept])
        self._report(step.title, f"{reading.lead.score('engagement'):.1f}", reading.lead.phase)
        return reading

    def _is_known(self, reading: Reading) -> None:
        title = "gets persona and interests from her behaviour"
        found = told(reading.lead)
        for fact, expected in KNOWN.items():
            expect(title, fact, expected, found[fact])
        self._report(title, f"{reading.lead.score('engagement'):.1f}", reading.lead.phase)

    def _is_asked_first(self, before: Reading) -> None:
        title, subject = "gets the confirmation mail from a scheduled sweep", before.lead.subject
        began = time.monotonic()
        self._progress(f"    waiting for the schedule, at most {_MAILED_WITHIN} s")
        expected = [CONFIRM]
        wait(self._mails, lambda found: len(found) >= len(expected), _MAILED_WITHIN, self._progress)
        expect(title, "mails", expected, self._mails())
        reading = self._watch.settled(title, subject, lambda found: len(found.lead.pending) == 1)
        self._is_now(f"{title} ({time.monotonic() - began:.0f} s)", reading, STEPS[-1].score)

        title = "gets no other mail before she confirms"
        resting = self._watch.after_sweeps(lambda: self._watch.read(subject), _rests, FOLLOWED_WITHIN)
        if not _rests(resting):
            raise StoryError(title, "a lead that is not due", resting and f"due at {resting.tree.record.due_at}")
        expect(title, "mails", expected, self._mails())
        self._is_now(title, self._watch.settled(title, subject), STEPS[-1].score)

    def _subscribes(self, mara: Visitor, subject: str) -> None:
        title = "confirms her address on a page"
        perform(title, lambda her: her.confirm(pages(self._mail(CONFIRM))["confirm"]), mara)
        self._is_now(
            title, self._watch.settled(title, subject, lambda found: found.lead.claims.subscribed), STEPS[-1].score
        )

        title = "gets the agenda, which waited, and a welcome mail"
        expected = sorted([AGENDA, CONFIRM, WELCOME])
        found = self._watch.after_sweeps(self._mails, lambda found: {AGENDA, WELCOME} <= {*found}, FOLLOWED_WITHIN)
        expect(title, "mails", expected, found)
        reading = self._watch.settled(title, subject, lambda found: not found.lead.pending)
        self._is_now(title, reading, STEPS[-1].score)

    def _is_claimed_by_others(self, browser: Browser, subject: str) -> None:
        """A second device gets its own agenda without a typed name; a claim by a stranger changes nothing.

        She has unsubscribed: the agenda comes because it was asked for.
        """
        expected = sorted([AGENDA, CONFIRM, WELCOME, AGENDA_FOR_ANY])
        for title, name in (
            ("asks for the agenda on a second device, and gets it although she unsubscribed", FIRST_NAME),
            ("a stranger types her address; nothing changes", STRANGER),
        ):
            before = self._watch.settled(title, subject)
            with browser.new_context() as context:
                perform(title, partial(sign_up_elsewhere, first_name=name), self._visitor(context, self._address))
            found = self._watch.after_sweeps(self._mails, lambda found: AGENDA_FOR_ANY in found, FOLLOWED_WITHIN)
            expect(title, "mails", expected, found)
            typed = [mail.subject for mail in mails(self._cloud) if STRANGER in mail.text + mail.html + mail.subject]
            expect(title, "mails with the typed name", [], typed)
            reading = self._watch.settled(title, subject)
            expect(title, "her events", before.events, reading.events)
            expect(title, "her address", (self._address, True), (reading.lead.address, reading.owned))
            self._is_now(title, reading, STEPS[-1].score + READ)

    def _reads_and_leaves(self, mara: Visitor, subject: str) -> None:
        title = "opens the welcome mail and follows its link"
        perform(title, lambda her: her.read(WELCOME), mara)
        self._progress("    an open and a click count after a minute, unless a link scanner caused them")
        score = STEPS[-1].score + READ
        counted = self._watch.after_sweeps(
            lambda: self._watch.read(subject),
            lambda found: found is not None and found.settled and found.lead.score("engagement") > score - 1,
            _COUNTED_WITHIN,
        )
        if counted is None:
            raise StoryError(title, "a lead", counted)
        self._is_now(title, counted, score)

        title = "unsubscribes with one click on a page"
        perform(title, lambda her: her.unsubscribe(pages(self._mail(WELCOME))["unsubscribe"]), mara)
        reading = self._watch.settled(title, subject, lambda found: bool(found.lead.suppressed))
        expect(title, "pending mails", (), reading.lead.pending)
        self._is_now(title, reading, score)

    def _orders(self, subject: str) -> None:
        """The shop's server tells of an order, and asks for a receipt."""
        title = "orders in the shop, and gets a receipt although she unsubscribed"
        order(self._cloud, subject)
        expected = sorted([AGENDA, CONFIRM, WELCOME, AGENDA_FOR_ANY, RECEIPT, FIRST_STEPS])
        found = self._watch.after_sweeps(self._mails, lambda found: {RECEIPT, FIRST_STEPS} <= {*found}, FOLLOWED_WITHIN)
        expect(title, "mails", expected, found)
        reading = self._watch.settled(title, subject, lambda found: not found.lead.pending)
        expect(title, "her wish for no marketing", UNSUBSCRIBED, reading.lead.suppressed)
        expect(title, "phase", "purchase", reading.lead.phase)
        self._report(title, f"{reading.lead.score('engagement'):.1f}", reading.lead.phase)

    def _is_mailed_in_german(self, visitor: Visitor) -> None:
        """A form on a German page is answered in German, whatever the language of the browser."""
        title = "a German visitor gets the agenda in German"
        perform(title, sign_up_in_german, visitor)
        found = self._watch.after_sweeps(lambda: self._mails(visitor.address), bool, _MAILED_WITHIN)
        expect(title, "mails", [AGENDA_IN_GERMAN], found)
        [text] = [mail.text for mail in mails(self._cloud) if mail.recipient == visitor.address]
        expect(title, "greeting and sender", GERMAN, tuple(words for words in GERMAN if words in text))
        [cookie] = visitor.page.context.cookies()
        subject = f"a:{visitor_in(cookie['value'])}"
        reading = self._watch.settled(title, subject, lambda found: not found.lead.pending)
        self._check(title, reading, SIGNED_UP_ALONE, "information")
        self._report(title, f"{SIGNED_UP_ALONE:.1f}", "information")

    def _moves_over(self) -> None:
        """The history of an old shop is imported: it counts, and mails nobody."""
        title = "an old shop's history is imported: nobody is mailed"
        import_export(self._cloud)

        def look() -> list[Reading | None]:
            return [self._watch.read(subject) for subject in PEOPLE]

        def done(found: list[Reading | None]) -> bool:
            known = all(reading is not None and _known(reading) == PEOPLE[reading.lead.subject] for reading in found)
            return known and all(reading is not None and reading.settled and _rests(reading) for reading in found)

        found = [reading for reading in self._watch.after_sweeps(look, done, FOLLOWED_WITHIN) if reading is not None]
        expect(title, "people", PEOPLE, {reading.lead.subject: _known(reading) for reading in found})
        expect(title, "things to be sent", [], [reading.lead.subject for reading in found if reading.lead.pending])
        told = [mail.subject for mail in mails(self._cloud) if DOMAIN in mail.recipient + mail.text + mail.html]
        expect(title, "mails to them or about them", [], told)
        self._report(title, "-", f"{len(found)} leads")

    def _is_now(self, title: str, reading: Reading, score: float) -> None:
        self._check(title, reading, score, STEPS[-1].phase)
        self._report(title, f"{score:.1f}", STEPS[-1].phase)

    def _mails(self, address: str = "") -> list[str]:
        return sorted(mail.subject for mail in mails(self._cloud) if mail.recipient == (address or self._address))

    def _mail(self, subject: str) -> Mail:
        return next(mail for mail in mails(self._cloud) if (mail.subject, mail.recipient) == (subject, self._address))

    @staticmethod
    def _check(title: str, reading: Reading, score: float, phase: str) -> None:
        lead = reading.lead
        expect(title, "score and phase", (f"{score:.1f}", phase), (f"{lead.score('engagement'):.1f}", lead.phase))
        for profile in lead.scores:
            expect(title, f"unexplained points in {profile}", 0, reading.unexplained(profile))

    def _report(self, title: str, score: str, phase: str) -> None:
        self._number += 1
        self._say(f"{self._number:>2}  {title:<48} {score:>6}  {phase}")


def _who_set(cookie: Any) -> tuple[str, int]:
    """The domain of the snippet's cookie, and the number of its parts: the edge adds the day."""
    return cookie["domain"], len(cookie["value"].split("."))


def _expect_in_browser(title: str, visitor: Visitor, cookies: list[str]) -> None:
    expect(title, "cookies", cookies, [cookie["value"] for cookie in visitor.page.context.cookies()])
    expect(title, "entries in the browser's storage", 0, visitor.page.evaluate("localStorage.length"))


def _known(reading: Reading) -> dict[str, object]:
    """The facts of an imported lead that PEOPLE names. Ripen's own events are not counted."""
    lead = reading.lead
    return {
        "events": sum(bool(event.imported) for event in reading.events),
        "customer": any(move.phase == "purchase" for move in lead.moves),
        "opt-in": lead.claims.opt_in.proof.name.lower() if lead.claims.opt_in else "",
        "suppressed": lead.suppressed,
    }


def _rests(found: Reading | None) -> bool:
    return found is not None and (found.tree.record.due_at or LAST_MOMENT) > clock()
