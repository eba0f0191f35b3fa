"""The demo's pages for operators and marketers: lead records, the rules and the mailbox."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from ripen_cli.cloud import Cloud
from ripen_cli.demo import crm_page, rules_page
from ripen_cli.demo.crm import Crm
from ripen_cli.demo.leads import Leads, details, summary
from ripen_cli.demo.mailbox import Mail, links, mails, readable
from ripen_cli.demo.postman import Postman
from ripen_cli.demo.site import LANDING
from ripen_cli.demo.times import clock
from ripen_cli.demo.triggering import sweep

_SITE = "www.example.com"
"""The website's host in the starter mails; links to it lead to the demo's own website."""

# Mails have inline styles; scripts may come only from this server.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; frame-ancestors 'none'"


def visitor_in(cookie: str) -> str:
    """The visitor's id in the snippet's cookie, `yes.<id>` with the day behind it that the edge adds; empty without."""
    answer, _, rest = cookie.partition(".")
    return rest.partition(".")[0] if answer == "yes" else ""


def _mail(cloud: Cloud, identity: str) -> Mail:
    return next((mail for mail in mails(cloud) if mail.id == identity), None) or abort(404)


def _refuse_other_sites() -> None:
    """Refuse what a page of another site makes a browser send; browsers tell that."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        abort(HTTPStatus.FORBIDDEN)


def _protect(response: Response) -> Response:
    """Set the headers of every answer; a page with a policy of its own keeps it."""
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers["Cache-Control"] = "no-store"
    return response


def blueprint(cloud: Cloud, crm: Crm) -> Blueprint:
    """The pages below `/_demo/`, and below `/_demo/api/` the JSON that they poll."""
    desk = Blueprint("desk", __name__, url_prefix="/_demo")
    desk.register_blueprint(_api(cloud))
    desk.register_blueprint(rules_page.blueprint(cloud))
    desk.register_blueprint(crm_page.blueprint(cloud, crm))
    desk.before_request(_refuse_other_sites)
    desk.after_request(_protect)
    postman = Postman(cloud)

    @desk.get("/")
    def index() -> str:
        return render_template("desk/index.html", landing=LANDING)

    @desk.get("/mailbox")
    def mailbox() -> str:
        shown = [(mail, readable(mail, f"/_demo/mails/{mail.id}/to")) for mail in mails(cloud)]
        return render_template("desk/mailbox.html", mails=shown)

    @desk.get("/mails/<identity>/to")
    def follow(identity: str) -> AnyResponse:
        mail, link = _mail(cloud, identity), request.args.get("link", "")
        if link not in links(mail):
            abort(404)
        postman.clicked(mail, link, clock())
        there = urlsplit(link)
        return redirect(urlunsplit(there._replace(scheme="", netloc="")) if there.netloc == _SITE else link)

    @desk.get("/leads")
    def lead_list() -> str:
        return render_template("desk/leads.html")

    @desk.get("/leads/<path:subject>")
    def lead(subject: str) -> str:
        return render_template("desk/lead.html", subject=subject)

    @desk.get("/me")
    def me() -> AnyResponse:
        visitor = visitor_in(request.cookies.get("ripen", ""))
        return redirect(f"/_demo/leads/a:{visitor}" if visitor else "/_demo/leads")

    return desk


def _api(cloud: Cloud) -> Blueprint:
    api = Blueprint("api", __name__, url_prefix="/api")
    leads = Leads(cloud)
    functions = cloud.client("lambda")

    @api.get("/mails")
    def mails_json() -> list[dict[str, Any]]:
        return [{"id": mail.id} for mail in mails(cloud)]

    @api.post("/mails/<identity>/open")
    def open_mail(identity: str) -> dict[str, bool]:
        Postman(cloud).opened(_mail(cloud, identity), clock())
        return {"told": True}

    @api.get("/leads")
    def leads_json() -> list[dict[str, Any]]:
        return [summary(reading) for reading in leads.read_all(clock())]

    @api.get("/leads/<path:subject>")
    def lead_json(subject: str) -> dict[str, Any]:
        reading = leads.read(subject, clock())
        return details(reading) if reading else abort(404)

    @api.post("/sweep")
    def sweep_now() -> dict[str, int]:
        return {"due": sweep(cloud, functions)}

    return api
