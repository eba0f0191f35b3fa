"""The link that stands in mails where no person sees it: who follows it is a scanner.

Where SES rewrites links it reports the click as well; where it does not, this is the only sign.
"""

from __future__ import annotations

from ripen.events.link_scanners import HIDDEN_LINK
from ripen.times import SECOND
from track.pages.page_request import PageError, PageRequest, Told, record
from track.responses import Answer, empty_answer


def show(visit: PageRequest) -> Answer:
    """Nothing; a click on the hidden link is noted, by which the others of this scanner are recognised."""
    click = Told("Email Link Clicked", {"link": HIDDEN_LINK}, bot="link scanner")
    record(visit, f"trap_{visit.at // SECOND}", click)
    return empty_answer(204, {"cache-control": "no-store", "x-robots-tag": "noindex"})


def take(_visit: PageRequest) -> Answer:
    """There is no form. Raises PageError."""
    raise PageError(405, "method", {"allow": "GET, HEAD"})
