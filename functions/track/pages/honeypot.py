"""A link in mails that is hidden from people: a click on it identifies a link scanner.

Where SES rewrites links it reports the click too; elsewhere this page is the only signal.
"""

from __future__ import annotations

from answers.errors import PageError
from answers.responses import Answer, empty_answer
from ripen.events.link_scanners import HIDDEN_LINK
from ripen.times import SECOND
from track.pages.page_request import PageRequest, Told, record


def show(visit: PageRequest) -> Answer:
    """Record a click on the hidden link; it marks the scanner's other clicks too. Answers 204."""
    click = Told("Email Link Clicked", {"link": HIDDEN_LINK}, bot="link scanner")
    record(visit, f"trap_{visit.at // SECOND}", click)
    return empty_answer(204, {"cache-control": "no-store", "x-robots-tag": "noindex"})


def take(_visit: PageRequest) -> Answer:
    """Raises PageError: there is no form."""
    raise PageError(405, "method", {"allow": "GET, HEAD"})
