"""The dossier and the notification of a rep look like their reviewed pictures, in English and German.

After a change that is meant:
`.venv/bin/pytest tests/e2e/test_golden_dossier.py --renew`, then look at the pictures. What differs is in
`build/golden`.
"""

from html import escape

import pytest

from adapters.delivery.notifications import Link, render
from adapters.identity.link_tokens import DossierLink
from adapters.rules.rule_files import build
from e2e.pictures import WIDTHS, looks_as_reviewed, picture
from ripen.config.configuration import ActiveConfiguration
from ripen.events.event import RIPEN, Event
from ripen.fold.fold import fold
from ripen.fold.rules import compile_active
from ripen.leads.lead import Intent
from ripen.messages.handoff import handoff_payload
from ripen.sales.decisions import Decision, decision_event
from ripen.times import DAY, HOUR, MINUTE, SECOND
from ripen_cli.project import RULES, rule_files
from sales.pages import view
from sales.pages.view import Shown, dossier_page
from sales.pages.visitor import Visitor
from stories import START

NOW = START + 40 * DAY
LANGUAGES = ("en", "de")


@pytest.fixture(scope="module")
def active():
    """The starter rules, compiled."""
    configuration = build(rule_files(RULES))[0]
    read = ActiveConfiguration(version="1", activated_at="2026-01-01T00:00:00Z", configuration=configuration)
    return configuration, compile_active(read)


def online(name, at, path, **told):
    context = {"page": {"path": path, "url": f"https://www.example.com{path}"}}
    return Event(f"{name}{at}", name, at, "website", properties={"path": path, **told}, context=context)


def ours(name, at, **told):
    return Event(f"{name}{at}", name, at, RIPEN, properties=told)


def story():
    """Ada Baumann's weeks: visits, mails, a request, and a handoff that was given back once."""
    person = {"email": "ada.baumann@lead.example", "firstName": "Ada", "lastName": "Baumann"}
    person |= {"company": "Baumann Metallbau GmbH", "jobTitle": "Owner", "phone": "+49 30 5550 1234", "employees": 40}
    events = [Event("who", "Identified", START + HOUR, "website", traits=person)]
    for day, paths in ((0, ("/", "/solutions/quoting")), (9, ("/pricing", "/solutions/quoting", "/customers"))):
        events += [online("Page Viewed", START + day * DAY + n * MINUTE, path) for n, path in enumerate(paths)]
    events += [online("Page Viewed", NOW - 5 * HOUR + n * 90 * SECOND, "/pricing") for n in range(3)]
    for cycle, day in ((1, 3), (2, 12)):
        mail = {"campaign": "ripening", "step": "guide", "cycle": cycle, "mail": "ripening-guide"}
        events.append(ours("Email Sent", START + day * DAY, **mail, to="ada.baumann@lead.example"))
    events += [ours("Email Opened", START + 3 * DAY + HOUR, intent="ripening_guide_1")]
    events += [ours("Email Link Clicked", START + 3 * DAY + HOUR + MINUTE, intent="ripening_guide_1", link="https://x")]
    events += [ours("Subscription Confirmed", START + 3 * DAY + 2 * HOUR, intent="ripening_guide_1")]
    events += [
        online("Demo Requested", NOW - 4 * HOUR, "/pricing"),
        online("Price Calculated", START + 9 * DAY, "/pricing"),
    ]
    handoff = {"campaign": "sales-handoff", "step": "1", "recipient": "sales", "rep": "lena"}
    early = Decision("return", "rep.lena", reason="too-early", until="2026-03-25", note="Has a freeze until Easter.")
    events += [ours("Lead Assigned", START + 10 * DAY, rep="lena")]
    events += [ours("Lead Handed Off", START + 10 * DAY + 1, **handoff, cycle=1)]
    events += [decision_event(early, "decision:page:1", "u:1", START + 10 * DAY + HOUR)]
    events += [ours("Lead Handed Off", NOW - HOUR, **handoff, cycle=2)]
    return sorted(events, key=lambda event: (event.at, event.id))


def page(active, language, monkeypatch, shown=None):
    configuration, rules = active
    monkeypatch.setattr(view.secrets, "token_hex", lambda _: "0" * 32)
    link = DossierLink("u:1", "rep.lena", "sales-handoff_1_2")
    who = Visitor(
        link, "t", 0, NOW, "https://sales.example", language, "Lena Lindner", "lena@example.com", rules, configuration
    )
    lead = fold("u:1", story(), rules, NOW)
    return dossier_page(who, lead, {"u:1": story()}, shown or Shown())["body"]


@pytest.mark.parametrize("frame", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_dossier_looks_like_its_golden_picture(sheet, request, active, monkeypatch, language, frame):
    looks_as_reviewed(sheet, request, page(active, language, monkeypatch), f"dossier.{language}", frame)


def test_a_dossier_with_an_open_form_is_as_wide_as_a_phone(sheet, active, monkeypatch):
    wrong = Shown(400, "won", {"value": "a lot", "currency": "EUR", "note": "x" * 300}, wrong="value")
    picture(sheet, page(active, "de", monkeypatch, wrong), WIDTHS["phone"])

    assert sheet.evaluate("document.documentElement.scrollWidth") == WIDTHS["phone"]


@pytest.mark.parametrize("frame", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notification_looks_like_its_golden_picture(sheet, request, active, language, frame):
    """As mail programs show plain text: links are marked, lines wrap."""
    configuration, rules = active
    intent = Intent("sales-handoff", 2, "1", "handoff", "sales", NOW, NOW, rep="lena")
    told = handoff_payload(fold("u:1", story(), rules, NOW), story(), configuration, intent)
    link = Link("https://abcdefghij.lambda-url.eu-central-1.on.aws/v1/dossier?t=" + "WyJ1OjEiLCJyZXAubGVuYSJd" * 7)
    note = render(told | {"link": link}, "handoff", language, "Europe/Berlin")
    body = "<style>body { margin: 16px; font: 16px/1.4 Arial; white-space: pre-wrap; overflow-wrap: anywhere }</style>"
    text = f"{body}<strong>{escape(note.subject)}</strong>\n\n{escape(note.text)}"

    looks_as_reviewed(sheet, request, text, f"handoff.{language}", frame)
