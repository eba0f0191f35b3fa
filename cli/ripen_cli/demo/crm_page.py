"""The page of the demo's CRM: a record of each lead, and the buttons that tell what became of the deal."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ripen.times import MINUTE
from ripen_cli.cloud import Cloud
from ripen_cli.demo.crm import Crm
from ripen_cli.demo.regular import Person, becomes_ripe
from ripen_cli.demo.times import clock

CURRENCY = "EUR"
VALUE = 4800
SOMEBODY = Person("jana", "jana@brandt.example", "Jana", "Brandt")
"""The lead who becomes ripe at the press of a button."""


def blueprint(cloud: Cloud, crm: Crm) -> Blueprint:
    """The page at `/crm/` with all records, and the buttons that send a result."""
    pages = Blueprint("crm", __name__, url_prefix="/crm")

    @pages.get("/")
    def page() -> str:
        return render_template(
            "desk/crm.html", records=crm.records(), value=VALUE, currency=CURRENCY, somebody=SOMEBODY
        )

    @pages.post("/ripe")
    def ripe() -> AnyResponse:
        becomes_ripe(cloud, SOMEBODY, clock() - 2 * MINUTE)
        return redirect(f"/_demo/leads/u:{SOMEBODY.user}")

    @pages.post("/results")
    def send() -> AnyResponse:
        lead, result = request.form.get("lead", ""), request.form.get("result", "")
        if result == "won":
            crm.tells(lead, result, value=VALUE, currency=CURRENCY)
        elif result == "lost":
            crm.tells(lead, result, reason="other")
        else:
            abort(HTTPStatus.BAD_REQUEST)
        return redirect(url_for(".page"))

    return pages
