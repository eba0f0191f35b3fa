"""The demo's pages on a phone: nothing sticks out, labels can be read, mails without HTML are shown, and German is."""

from __future__ import annotations

import json
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from flask import Flask, render_template
from playwright.sync_api import expect

from ripen_cli.cloud import APPROVER, Cloud
from ripen_cli.demo.crm import Crm, Record
from ripen_cli.demo.edits import EDITS
from ripen_cli.demo.rules_page import Row, Status
from ripen_cli.demo.server import listen, serve
from ripen_cli.demo.site import PATHS
from ripen_cli.project import ROOT
from ripen_cli.rules.report_lines import when

PHONE = {"width": 375, "height": 667}
MESSAGES = {
    "account": [
        {
            "MessageId": f"{n}@ses",
            "To": ["ann@example.com"],
            "Subject": subject,
            "BodyHtml": html,
            "BodyText": f"The text of {subject}: <b> https://go.example.com/v1/approve?t=key </b>",
            "Timestamp": n,
        }
        for n, (subject, html) in enumerate([("a note", None), ("a mail", "<html><head></head><p>Hello</p></html>")])
    ]
}
LEAD = {
    "subject": "a:3f2b8c1e-0000-4000-8000-000000000001",
    "name": "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh",
    "company": "Donaudampfschifffahrtsgesellschaft",
    "address": "a.rather.long.address.of.somebody@donaudampfschifffahrt.example",
    "phase": "Consultation (Beratung)",
    "scores": {"engagement": 1234.5, "fit": 3.0},
    "grades": {"fit-and-engagement": "A1"},
    "events": 123,
    "firstSeen": 0,
    "lastActive": 0,
}
PROFILE = {"name": "engagement", "title": "Interest", "halfLife": "90d", "score": 5.0, "contributions": []}
DETAILS = LEAD | {
    "now": 0,
    "settled": True,
    "suppressed": "",
    "reachable": True,
    "current": "information",
    "phases": [{"name": "information", "title": "Information"}],
    "moves": [{"phase": "information", "title": "Information", "at": 0, "reason": "first seen"}],
    "profiles": [PROFILE | {"unexplained": 0}, PROFILE | {"name": "fit", "title": "Fit", "unexplained": 0}],
    "known": [["next", "now: the mail"], ["", "2026-03-02: another one"]],
    "timeline": [{"name": "Tool Used", "at": 0, "source": "website", "details": {"tool": "calculator"}}],
    "pending": [],
    "dueAt": None,
}
CONTRAST = """(element) => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  let behind = element;
  while (parse(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const back = parse(getComputedStyle(behind).backgroundColor);
  const opacity = Number(getComputedStyle(element).opacity);
  const front = parse(getComputedStyle(element).color).slice(0, 3).map((c, n) => opacity * c + (1 - opacity) * back[n]);
  const [high, low] = [luminance(front), luminance(back)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}"""


@pytest.fixture(scope="module")
def base():
    """The demo's server without a cloud: what its pages ask for is answered by the test."""
    with pytest.MonkeyPatch.context() as patch:
        nothing = SimpleNamespace(get_secret_value=lambda SecretId: {"SecretString": "a" * 64})
        patch.setattr(Cloud, "client", lambda _self, _service: nothing)
        patch.setattr(Crm, "connect", lambda _self: None)
        yield from _serve()


def _serve():
    names = dict.fromkeys(Cloud.__dataclass_fields__, "none")
    told = {"messages": MESSAGES}
    cloud = Cloud(
        **names
        | dict.fromkeys(("endpoint", "track_url", "edge_url"), "http://127.0.0.1:1")
        | {"region": "eu-central-1", "pid": 0, "started": 0.0}
        | {"mailbox_url": f"data:application/json,{quote(json.dumps(told))}"}
    )
    with listen(0) as listening, serve(cloud, listening) as url:
        yield url


@pytest.fixture
def phone(browser, base):
    with browser.new_context(viewport=PHONE, base_url=base) as context:
        page = context.new_page()
        page.route("**/_demo/api/leads", lambda route: route.fulfill(json=[LEAD]))
        page.route("**/_demo/api/leads/*", lambda route: route.fulfill(json=DETAILS))
        yield page


def sticks_out(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_the_list_of_leads_fits_a_phone(phone):
    phone.goto("/_demo/leads")

    expect(phone.get_by_text(LEAD["name"])).to_be_visible()
    assert sticks_out(phone) == 0


def test_each_card_of_a_lead_has_a_title_of_its_own_and_labels_that_can_be_read(phone):
    phone.goto("/_demo/leads/a:ann")

    expect(phone.get_by_role("heading", name="Interest")).to_be_visible()
    titles = phone.get_by_role("heading", level=2).all_inner_texts()
    assert len({*titles}) == len(titles)
    expect(phone.get_by_text("2026-03-02: another one")).to_be_visible()
    assert phone.locator(".facts i").first.evaluate(CONTRAST) >= 4.5
    assert sticks_out(phone) == 0


def test_the_page_about_rules_fits_a_phone_and_its_labels_can_be_read(phone):
    phone.route("**/_demo/rules/", lambda route: route.fulfill(body=rules_page(), content_type="text/html"))
    phone.route("**/_demo/rules/stamp", lambda route: route.fulfill(json={"stamp": "the same"}))

    phone.goto("/_demo/rules/")

    expect(phone.get_by_role("button", name="Take the upload back")).to_be_visible()
    assert all(one.evaluate(CONTRAST) >= 4.5 for one in phone.locator(".chip, .edit p").all())
    assert sticks_out(phone) == 0


def rules_page():
    """The page while a version waits, with long names."""
    name = "a-rule-with-a-name-" + "that-is-very-long-" * 5
    live = {"number": 1, "version": "0a1b2c3d4e5f", "since": "2026-03-02T09:00:00.000Z", "by": "Mia", "approved_by": ""}
    report = {"at": "2026-03-02T10:00:00.000Z", "by": LEAD["address"], "why": "two zeros", "number": 2, "live": live}
    report |= {"waits": [f"`{name}` is too large"], "problems": [], "rehearsal": {"sentence": "3 more leads."}}
    report |= {"changes": {"rules/scoring.yaml": [f"`{name}` gives 2000 instead of 20 points"]}}
    rows = [Row(2, [f"Version 2, uploaded by {LEAD['address']}", name], reported=True, live=False)]
    app = Flask(__name__, template_folder=str(ROOT / "web" / "demo"))
    with app.test_request_context("/_demo/rules/"):
        return render_template(
            "desk/rules.html",
            status=Status("waits", report, "the same"),
            report=report,
            problem="",
            rows=rows,
            edits=EDITS,
            approver=APPROVER,
            when=when,
        )


def test_the_page_of_the_crm_fits_a_phone_and_its_labels_can_be_read(phone, monkeypatch):
    detail = {"lead": {"id": LEAD["subject"], "sales": "Lead Handed Off"}, "phase": {"name": "consultation"}}
    detail |= {"contact": {"name": LEAD["name"]}, "owner": {"name": LEAD["company"]}}
    record = Record(LEAD["subject"], detail, ("Phase Entered", "Lead Assigned", "Lead Handed Off"))
    monkeypatch.setattr(Crm, "records", lambda _self: [record])

    phone.goto("/_demo/crm/")

    expect(phone.get_by_role("button", name="Won: 4800 EUR")).to_be_visible()
    assert sticks_out(phone) == 0
    assert all(one.evaluate(CONTRAST) >= 4.5 for one in phone.locator("dt, dd, button, span").all())


def test_a_mail_without_html_is_shown_as_text_with_links(phone):
    phone.goto("/_demo/mailbox")
    note = phone.locator("article", has_text="a note")

    note.get_by_text("Open the mail").click()

    expect(note.get_by_text("The text of a note: <b> https")).to_be_visible()
    assert note.get_by_role("link").get_attribute("href") == "https://go.example.com/v1/approve?t=key"
    assert note.locator("iframe").count() == 0
    assert phone.locator("article", has_text="a mail").locator("iframe").count() == 1


def test_the_box_stands_beside_its_label_on_the_workshop_form(phone):
    phone.goto("/workshop")
    label = phone.locator("label", has_text="Write to me")

    box, whole = label.locator("input").bounding_box(), label.bounding_box()

    assert box["height"] < whole["height"]
    assert box["width"] < 30
    assert box["y"] - whole["y"] < 10
    assert sticks_out(phone) == 0


FAULTS = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const html = (one) => one.outerHTML.slice(0, 99);
  const named = (one) => (one.innerText || one.ariaLabel || '').trim();
  const levels = all('h1, h2, h3').map((heading) => Number(heading.tagName[1]));
  const inside = ({ pathname }) => /^[/](de|_demo)[/]/.test(pathname);
  return [
    ...all('input, select').filter((field) => !field.labels.length).map(html),
    ...all('a, button').filter((one) => one.offsetParent && !named(one)).map(html),
    ...all('a[href^="/"]:not([hreflang])').filter((link) => !inside(link)).map(html),
    ...levels.filter((level, n) => level > (n ? levels[n - 1] + 1 : 1)).map((level) => `h${level} skips a level`),
  ];
}"""
"""Fields without a label, links and buttons without a name, links to English pages, and headings out of order."""


def test_each_german_page_fits_a_phone_names_its_controls_and_stays_german(phone):
    for path in PATHS:
        phone.goto(f"/de/{path}")

        assert (path, sticks_out(phone), phone.evaluate(FAULTS)) == (path, 0, [])
        assert phone.locator("html").get_attribute("lang") == "de"
        assert phone.locator("link[hreflang=en]").get_attribute("href") == f"/{path}"


def test_a_visitor_changes_the_language_and_the_tools_answer_in_it(phone):
    phone.goto("/solutions/quoting")
    phone.get_by_role("link", name="Deutsch").click()
    expect(phone).to_have_url(f"{phone.url.partition('/de/')[0]}/de/solutions/quoting")
    expect(phone.get_by_role("heading", name="Dürfen wir uns an Ihren Besuch erinnern?")).to_be_visible()
    phone.get_by_role("button", name="Ablehnen").click()

    phone.get_by_role("button", name="Ausrechnen").click()

    expect(phone.locator("output")).to_have_text("16,8 Stunden in der Woche oder 773 im Jahr.")
    phone.goto("/de/guides/win-rate")
    phone.get_by_role("button", name="Ausrechnen").click()
    expect(phone.locator("output")).to_have_text("27 von hundert. Unser Rat: schneller antworten.")
    phone.get_by_role("link", name="English").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Know your win rate")
