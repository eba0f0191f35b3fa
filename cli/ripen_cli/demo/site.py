"""The demo's website of an imaginary company, in English and German, with Ripen's scripts on every page."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from ripen_cli.cloud import Cloud
from ripen_cli.demo.words import LANGUAGES, Language
from ripen_cli.local_edge import SITE
from ripen_cli.project import ROOT

WRITE_KEY = "website"
LANDING = "/lp/webinar?utm_source=social-feed&utm_medium=paid-social&utm_campaign=faster-quotes&utm_content=clip-a"
"""The landing page with the advertisement's query parameters."""

_PAGES = {
    "": "home",
    "lp/webinar": "lp-webinar",
    "offers/": "offers",
    "solutions/enquiries": "solutions-enquiries",
    "solutions/quoting": "solutions-quoting",
    "solutions/follow-up": "solutions-follow-up",
    "guides/first-reply": "guides-first-reply",
    "guides/win-rate": "guides-win-rate",
    "workshop": "workshop",
    "workshop/thanks": "workshop-thanks",
    "webinar": "webinar",
    "privacy": "privacy",
}
PATHS = tuple(_PAGES)
"""The paths of the pages below the home page of each language."""


def blueprint(cloud: Cloud) -> Blueprint:
    """The pages of the website; each gets the tracking URL and the write key."""
    site = Blueprint("site", __name__)
    for language in LANGUAGES:
        site.register_blueprint(_pages(cloud, language))

    @site.get("/ripen.js")
    def snippet() -> Response:
        return send_from_directory(ROOT / "functions" / "track", "ripen.min.js")

    @site.get("/offers.js")
    def offers() -> Response:
        return send_from_directory(ROOT / "functions" / "track", "offers.min.js")

    return site


def _pages(cloud: Cloud, language: Language) -> Blueprint:
    """The pages in one language."""
    pages = Blueprint(language.code, __name__, url_prefix=language.root or None)

    @pages.get("/")
    @pages.get("/<path:page>")
    def page(page: str = "") -> str:
        if page not in _PAGES:
            abort(404)
        return render_template(
            f"site/{language.code}/{_PAGES[page]}.html",
            language=language.code,
            root=language.root,
            say=language.words,
            languages=[(f"{other.root}/{page}", other) for other in LANGUAGES],
            # Another name of this machine shares no site with the edge.
            track_url=cloud.edge_url if f".{SITE}:" in request.host else cloud.track_url,
            write_key=WRITE_KEY,
        )

    @pages.post("/workshop")
    def sign_up() -> AnyResponse:
        # The snippet sends the fields as events; the form itself only redirects.
        return redirect(f"{language.root}/workshop/thanks", code=303)

    return pages
