"""The demo's scripted journey of one lead: her actions, and the expected score and phase under the starter rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from ripen.leads.lead import Lead
from ripen_cli.demo.site import LANDING

FIRST_NAME = "Mara"
AGENDA = f"Your workshop, {FIRST_NAME}: the agenda"
AGENDA_FOR_ANY = "Your workshop: the agenda"
"""The subject of the agenda mail for an address without proof."""

AGENDA_IN_GERMAN = "Ihr Workshop: die Agenda"
GERMAN = ("Guten Tag,", "Ihr Tallyfern-Team")
"""The greeting of a German mail to an address without proof, and its sender in German."""

STRANGER = "Mallory"
CONFIRM = "Please confirm your e-mail address"
WELCOME = f"Good to have you here, {FIRST_NAME}"
RECEIPT = f"Thank you, {FIRST_NAME}: we have your order"
FIRST_STEPS = f"Welcome, {FIRST_NAME}: your first three steps"
OVERLAY = "Which of your quotes become orders?"
READ = 17
"""Points for the newsletter: opened 5, a link clicked 10, the linked page 2."""

ALL_TAKEN = "() => Object.keys(localStorage).every((key) => !key.startsWith('ripen:'))"
"""JavaScript: True if the tracking function has accepted all events of the snippet."""

_SHOWN_WITHIN = 30_000


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser on the demo's website at `base`; `address` is the mail address that the visitor types."""

    page: Page
    base: str
    address: str

    def visit(self, path: str) -> None:
        """Open a path and wait until the page has loaded."""
        self.page.goto(self.base + path)

    def confirm(self, page: str) -> None:
        """Open the double opt-in page and agree."""
        self.page.goto(page)
        self.press("Yes, I agree")

    def read(self, subject: str) -> None:
        """Open a mail in the demo's mailbox and click its button."""
        self.visit("/_demo/mailbox")
        mail = self.page.locator("article", has_text=subject).first
        mail.get_by_text("Open the mail").click()
        with self.page.expect_popup() as opened:
            mail.frame_locator("iframe").get_by_role("link", name="Have a look").click()
        opened.value.wait_for_function(ALL_TAKEN)

    def unsubscribe(self, page: str) -> None:
        """Open the unsubscribe page and press its button."""
        self.page.goto(page)
        self.press("Unsubscribe")
        self.page.wait_for_load_state()

    def press(self, name: str) -> None:
        """Press the button with this name."""
        self.page.get_by_role("button", name=name).click()


@dataclass(frozen=True, slots=True)
class Step:
    """An action of the visitor, and the score and phase expected after it."""

    title: str
    act: Callable[[Visitor], None]
    score: float
    phase: str


def arrive(visitor: Visitor) -> None:
    """Open the landing page from the advertisement, without answering the cookie banner."""
    visitor.visit(LANDING)


def decline(visitor: Visitor) -> None:
    """Open the landing page, decline in the cookie banner, then use the website."""
    visitor.visit(LANDING)
    visitor.press("Decline")
    visitor.visit("/solutions/quoting")
    visitor.press("Work it out")


def _accept(visitor: Visitor) -> None:
    visitor.press("Accept")


def _come_back_for_the_offer(visitor: Visitor) -> None:
    visitor.visit("/")
    visitor.page.get_by_role("link", name="Back again?").click()
    visitor.page.wait_for_url("**/offers/")


def _read(visitor: Visitor) -> None:
    for path in ("/solutions/enquiries", "/solutions/quoting", "/guides/first-reply", "/guides/win-rate"):
        visitor.visit(path)


def _try_tools(visitor: Visitor) -> None:
    visitor.press("Work it out")
    visitor.press("Preview the review sheet")
    visitor.press("Preview the mail after a loss")


def _follow_the_overlay(visitor: Visitor) -> None:
    overlay = visitor.page.get_by_role("dialog", name=OVERLAY)
    overlay.get_by_role("link", name="Keep a seat for me").click(timeout=_SHOWN_WITHIN)
    visitor.page.wait_for_url("**/workshop")


def _sign_up(visitor: Visitor) -> None:
    visitor.page.get_by_label("First name").fill(FIRST_NAME)
    visitor.page.get_by_label("Company").fill("Oakhurst Metalwork")
    visitor.page.get_by_label("E-mail").fill(visitor.address)
    visitor.page.get_by_label("Write to me").check()
    visitor.press("Sign up and get the agenda")
    visitor.page.wait_for_url("**/workshop/thanks")


def ask_for_a_seat(visitor: Visitor) -> None:
    """Sign up for the workshop without answering the cookie banner again."""
    visitor.visit("/workshop")
    visitor.page.get_by_label("First name").fill(FIRST_NAME)
    visitor.page.get_by_label("E-mail").fill(visitor.address)
    visitor.press("Sign up and get the agenda")
    visitor.page.wait_for_url("**/workshop/thanks")


def sign_up_elsewhere(visitor: Visitor, first_name: str) -> None:
    """Sign up for the workshop with the same address in an unknown browser."""
    visitor.visit("/workshop")
    visitor.press("Accept")
    visitor.page.get_by_label("First name").fill(first_name)
    visitor.page.get_by_label("E-mail").fill(visitor.address)
    visitor.press("Sign up and get the agenda")
    visitor.page.wait_for_url("**/workshop/thanks")
    visitor.page.wait_for_function(ALL_TAKEN)


def sign_up_in_german(visitor: Visitor) -> None:
    """Change to the German website and sign up for the workshop there."""
    visitor.visit("/workshop")
    visitor.page.get_by_role("link", name="Deutsch").click()
    visitor.page.wait_for_url("**/de/workshop")
    visitor.press("Zustimmen")
    visitor.page.get_by_label("Anrede").select_option("Frau")
    visitor.page.get_by_label("Nachname").fill("Weber")
    visitor.page.get_by_label("E-Mail-Adresse").fill(visitor.address)
    visitor.press("Anmelden und Agenda bekommen")
    visitor.page.wait_for_url("**/de/workshop/thanks")
    visitor.page.wait_for_function(ALL_TAKEN)


SIGNED_UP_ALONE = 20
"""Points for a sign-up without anything before it."""

STEPS = (
    Step("accepts in the cookie banner", _accept, 5, "awareness"),
    Step("comes back and clicks the offer", _come_back_for_the_offer, 10, "information"),
    Step("looks at four topic pages", _read, 18, "information"),
    Step("uses a calculator, previews two sheets", _try_tools, 30, "information"),
    Step("sees the workshop that fits, and follows it", _follow_the_overlay, 30, "information"),
    Step("signs up with an e-mail address", _sign_up, 50, "consultation"),
)

KNOWN = {
    "stage": "buy",
    "persona": "owner",
    "interest": "win-rate",
    "grades": {"priority": "C2"},
    "campaign": "faster-quotes",
    "visits": 1,
}
"""Other expected values after these steps."""


def told(lead: Lead) -> dict[str, Any]:
    """The values of a lead under the keys of KNOWN."""
    return {
        "stage": lead.stage,
        "persona": lead.persona.name,
        "interest": next((topic for topic, _ in lead.interests), ""),
        "grades": lead.grades,
        "campaign": lead.first_touch and lead.first_touch.campaign,
        "visits": lead.visits,
    }
