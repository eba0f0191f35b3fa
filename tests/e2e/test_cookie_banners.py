"""Cookie banners as docs/how-to/cookie-banners.md connects them: its blocks, unmodified packages, real clicks."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from e2e.npm import installed
from ripen_cli.project import ROOT

HOW_TO = ROOT / "docs" / "how-to"
HOST = "https://<id>.lambda-url.<region>.on.aws"
MEASURED = {"categoryPreferences": {"analytics": True}}
WITHDRAWN = {"categoryPreferences": {"analytics": False}}
PAGE_LEFT = ("Page Left",)


@dataclass(frozen=True)
class Banner:
    """A section of the page, the files that its block loads, and what a visitor clicks one after the other.

    `accept` and `decline` answer the banner that is `shown`. `others` (all purposes but analytics), `grant` and
    `withdraw` change an answer in its settings. On every page there is `ready` once the banner is.
    """

    section: str
    package: str
    ready: str
    shown: str
    accept: tuple[str, ...]
    decline: tuple[str, ...]
    others: tuple[str, ...]
    grant: tuple[str, ...]
    withdraw: tuple[str, ...]


SETTINGS = "text=Cookie settings >> nth=0"
BANNERS = [
    Banner(
        section="CookieConsent",
        package="vanilla-cookieconsent/dist",
        ready=SETTINGS,
        shown=".cm",
        accept=(".cm >> text=Accept all",),
        decline=(".cm >> text=Reject all",),
        others=(SETTINGS, ".pm label:has([value=marketing])", ".pm >> text=Save"),
        grant=(SETTINGS, ".pm >> text=Accept all"),
        withdraw=(SETTINGS, ".pm label:has([value=analytics])", ".pm >> text=Save"),
    ),
    Banner(
        section="Klaro",
        package="klaro/dist",
        ready="#klaro",
        shown=".cookie-notice",
        accept=("text=That's ok",),
        decline=("text=I decline",),
        others=(SETTINGS, "label[for=purpose-item-videos]", "text=Save"),
        grant=(SETTINGS, "label[for=purpose-item-analytics]", "text=Save"),
        withdraw=(SETTINGS, "label[for=purpose-item-analytics]", "text=Save"),
    ),
    Banner(
        section="tarteaucitron",
        package="tarteaucitronjs",
        ready="#tarteaucitronManager",
        shown="#tarteaucitronAlertBig",
        accept=("text=OK, accept all",),
        decline=("#tarteaucitronAlertBig >> text=Deny all cookies",),
        others=(SETTINGS, "#vimeoAllowed", "#tarteaucitronClosePanel"),
        grant=(SETTINGS, "#ripenAllowed", "#tarteaucitronClosePanel"),
        withdraw=(SETTINGS, "#ripenDenied", "#tarteaucitronClosePanel"),
    ),
]


def block(page, heading):
    """The HTML of a section of a page of the documentation."""
    section = (HOW_TO / page).read_text().partition(f"## {heading}\n")[2]
    return re.search(r"^```html\n(.*?)^```", section, re.MULTILINE | re.DOTALL)[1]


class Visitor:
    """A visitor of a website with a banner, in a browser whose clock can be moved forward."""

    def __init__(self, page, banner, origin):
        self.page, self.banner, self.origin = page, banner, origin

    def opens(self, path):
        self.page.goto(self.origin + path)
        self.page.locator(self.banner.ready).wait_for(state="attached")
        self.waits()

    def waits(self):
        """As long as tarteaucitron's buttons take to work, and the snippet to send."""
        self.page.clock.run_for(1000)

    def clicks(self, selectors):
        for selector in selectors:
            self.page.locator(selector).click()
        self.waits()

    def uses_the_tool(self):
        self.page.evaluate("ripen.push(['track', 'Tool Used'])")
        self.waits()
        self.page.evaluate("fetch('/fence').then((answer) => answer.text())")

    def keeps(self):
        """Ripen's cookie, if there is one, and the keys of what else the snippet stored."""
        cookies = [cookie["value"] for cookie in self.page.context.cookies() if cookie["name"] == "ripen"]
        return cookies, self.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('ripen'))")


@pytest.fixture(params=BANNERS, ids=lambda banner: banner.section)
def visitor(request, context, recorder):
    banner = request.param
    folder = banner.section.lower()
    files = installed(Path(__file__).parent / "banners") / "node_modules" / banner.package
    context.route(
        f"{recorder.origin}/{folder}/**",
        lambda route: route.fulfill(path=files / urlsplit(route.request.url).path.partition(f"/{folder}/")[2]),
    )
    # CookieConsent shows nothing to a browser that says that a program drives it.
    context.add_init_script("Object.defineProperty(navigator, 'webdriver', { value: false })")
    snippet = block("send-events.md", "The snippet").replace(HOST, recorder.endpoint)
    head, body = f'<meta charset="utf-8">{snippet}', block("cookie-banners.md", banner.section)
    site = f'<!doctype html><html lang="en"><head>{head}</head><body>{body}'
    recorder.pages = {"/first": site, "/next": site}
    page = context.new_page()
    page.clock.install()
    page.emulate_media(reduced_motion="reduce")
    return Visitor(page, banner, recorder.origin)


def test_nothing_is_sent_or_stored_until_a_yes_to_analytics(visitor, recorder):
    banner = visitor.banner
    visitor.opens("/first")
    visitor.uses_the_tool()
    visitor.opens("/next")
    visitor.page.locator(banner.shown).wait_for()
    assert visitor.keeps() == ([], [])

    visitor.clicks(banner.decline)
    visitor.uses_the_tool()
    visitor.opens("/first")
    assert not visitor.page.locator(banner.shown).is_visible()
    visitor.clicks(banner.others)
    visitor.uses_the_tool()
    assert visitor.keeps() == (["no"], [])
    assert recorder.requests == []

    visitor.clicks(banner.grant)
    visitor.uses_the_tool()
    recorder.events("Consent Given", "Tool Used", beside=())
    visitor.opens("/next")

    events = recorder.events("Consent Given", "Tool Used", "page", beside=())
    assert [event["context"]["consent"] for event in events] == [MEASURED] * 3
    assert {f"yes.{event['anonymousId']}" for event in events} == {*visitor.keeps()[0]}


def test_a_yes_sends_what_waited_until_it_is_taken_back(visitor, recorder):
    banner = visitor.banner
    visitor.opens("/first")
    visitor.clicks(banner.accept)
    visitor.uses_the_tool()
    visitor.opens("/next")

    told = ["page", "Consent Given", "Tool Used", "page"]
    events = recorder.events(*told, beside=PAGE_LEFT)
    [identity] = {event["anonymousId"] for event in events}
    assert [event["context"]["consent"] for event in events] == [MEASURED] * 4
    assert visitor.keeps()[0] == [f"yes.{identity}"]

    visitor.clicks(banner.withdraw)
    visitor.opens("/first")
    visitor.uses_the_tool()

    told += ["Consent Withdrawn"]
    *_, last = recorder.events(*told, beside=PAGE_LEFT)
    assert (last["anonymousId"], last["context"]["consent"]) == (identity, WITHDRAWN)
    assert recorder.batches[-1] == [last]
    assert visitor.keeps() == (["no"], [])

    visitor.clicks(banner.grant)
    visitor.uses_the_tool()

    told += ["Consent Given", "Tool Used"]
    *_, given, used = recorder.events(*told, beside=PAGE_LEFT)
    assert given["anonymousId"] == used["anonymousId"] != identity
