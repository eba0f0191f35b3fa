"""Ann, Bob and their devices, for tests about identity."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import unquote, urlencode

from adapters.store.load_lead import load_merged_lead
from ripen.times import DAY
from stories import IP, START, identified, request, tracked
from track.handler import handler as track

ANN, BOB = "ann@example.com", "bob@example.com"
SERVER_KEY = "the key of our server, long and secret"
SOURCES = f"""
sources:
  website:
    kind: browser
    write_key: website
    origins: ["*"]
  crm:
    kind: server
    write_key_sha256: {sha256(SERVER_KEY.encode()).hexdigest()}
"""
LINKING = {
    "rules/sources.yaml": SOURCES.encode(),
    "mails/workshop-agenda/en.txt": b"Hello. https://www.example.com/?rt={{ lead.token }}\n",
}
"""Rule files with which a server is known, and mails carry a link that proves who follows it."""
LATER = START + DAY


def enough(who, at=START):
    """Events worth fifty points."""
    return [tracked("Webinar Attended", at, who=who) for _ in range(5)]


def signed_in(user, at, who="ann", **traits):
    """A call of a browser that names its user."""
    return identified(at, who=who, **traits) | {"userId": user}


def of_user(user, payload):
    """The call with the userId alone, as a server sends it."""
    return {name: value for name, value in payload.items() if name != "anonymousId"} | {"userId": user}


def told_by_server(site, *events, at):
    """Process events of a server, as `site.live` does for a website."""
    answer = track(request({"batch": list(events), "writeKey": SERVER_KEY}, at), None)
    assert answer["statusCode"] == 200, answer
    site.live(at=at)


def link(site, number=-1):
    """The token in one of the mails that were sent."""
    text = site.mails()[number].get_body(("plain",)).get_content()
    return re.search(r"rt=([^\s&]+)", text)[1]


def lead(subject):
    return load_merged_lead("ripen", subject, 0)


def subjects(who):
    return sorted(lead(f"a:{who}").ledgers)


def follow(site, number, page, at, method="POST", **fields):
    """Open a page by the link in one of the mails that were sent, or send its form; with the text that was shown."""
    text = site.mails()[number].get_body(("plain",)).get_content()
    token = unquote(re.search(rf"/v1/{page}\?t=([^\s&]+)", text)[1])
    shown = _page(page, token, at, "GET", "")
    version = re.search(r'name="version" value="([^"]+)"', shown["body"])
    fields = ({"version": version[1]} if version else {}) | fields
    return shown if method == "GET" else _page(page, token, at, "POST", urlencode(fields))


def _page(page, token, at, method, body):
    http = {"method": method, "path": f"/v1/{page}", "sourceIp": IP}
    event = {
        "requestContext": {"http": http, "timeEpoch": at},
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "queryStringParameters": {"t": token},
        "body": body,
        "isBase64Encoded": False,
    }
    return track(event, None)
