"""The handlers for forms that docs/how-to/receive-forms.md gives for three stacks, as a site's server runs them."""

import base64
import http.client
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from e2e.npm import NODE, installed
from ripen.events.sources import Source, Sources, digest
from ripen_cli.demo.server import listen
from ripen_cli.project import ROOT
from track.request import parse_request

FORMS = (ROOT / "docs" / "how-to" / "receive-forms.md").read_text()
PACKAGES = Path(__file__).parent / "forms"
KEY = "a-secret-key"
SOURCES = Sources({digest(KEY): Source("shop", trusted=True)})
VISITOR = "6f0c1b6e-3c2f-4b7e-9a55-0d6c2f0b7a11"
FIELDS = {"email": "ann@example.com", "firstName": "Ann", "company": "", "token": "hidden"}
PURPOSE = "a seat in the workshop and its agenda"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def code(language):
    """The handler of the page in a language."""
    found = re.findall(rf"^```{language}\n(.*?)^```", FORMS, re.MULTILINE | re.DOTALL)
    return next(body for body in found if "/v1/track" in body)


class Endpoint(http.server.ThreadingHTTPServer):
    """A tracking endpoint that parses requests as Ripen does; it answers `status` if that is set."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Tracking)
        self.parsed, self.status = [], None
        self.url = f"http://127.0.0.1:{self.server_port}"


class Tracking(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        event = {
            "requestContext": {"http": {"method": "POST", "path": self.path}, "timeEpoch": 1_795_255_200_000},
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        self.server.parsed.append(parse_request(event, SOURCES))
        self.send_response(self.server.status or 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def endpoint():
    server = Endpoint()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def express(folder, port):
    (folder / "forms.mjs").write_text(code("js"))
    (folder / "node_modules").symlink_to(installed(PACKAGES) / "node_modules")
    return [NODE, "forms.mjs"], "/workshop"


def php(folder, port):
    (folder / "workshop.php").write_text(code("php"))
    shutil.copy(PACKAGES / "php.mjs", folder)
    (folder / "node_modules").symlink_to(installed(PACKAGES) / "node_modules")
    return [NODE, "php.mjs"], "/workshop.php"


def flask(folder, port):
    (folder / "forms.py").write_text(code("python"))
    return [sys.executable, "-m", "flask", "--app", "forms", "run", "--port", str(port)], "/workshop"


@contextmanager
def serving(stack, folder, endpoint, wait_for):
    """A server with the handler of a stack; gives the address of the form."""
    with listen(0) as free:
        port = free.getsockname()[1]
    command, path = stack(folder, port)
    about = {"RIPEN_URL": endpoint.url, "RIPEN_KEY": KEY, "PORT": str(port)}
    server = subprocess.Popen(
        command, cwd=folder, env=os.environ | about, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for("a server that listens", lambda: server.poll() is not None or _listens(port))
        yield f"http://127.0.0.1:{port}{path}"
    finally:
        server.kill()
        server.wait()


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def submit(url, cookie="", agent=BROWSER):
    """Send the form as a browser does; gives status and address of the next page."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    headers = {"content-type": "application/x-www-form-urlencoded", "cookie": cookie, "user-agent": agent}
    connection.request("POST", parts.path, urlencode(FIELDS), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers["location"]


STACKS = pytest.mark.parametrize("stack", [express, php, flask], ids=lambda stack: stack.__name__)


@STACKS
def test_the_handler_passes_a_form_on_with_the_consent_that_the_cookie_tells(stack, tmp_path, endpoint, wait_for):
    with serving(stack, tmp_path, endpoint, wait_for) as form:
        cookies = ("", "ripen=no", "a=b; ripen=yes.broken", f"a=b; ripen=yes.{VISITOR}.20514", f"ripen=yes.{VISITOR}")
        answers = [submit(form, cookie) for cookie in cookies]
        submit(form, agent="Googlebot/2.1 (+http://www.google.com/bot.html)")
        endpoint.status = 429
        busy = submit(form)
        endpoint.shutdown()
        endpoint.server_close()
        gone = submit(form)

    assert answers == [(303, "/workshop/thanks")] * 5
    assert [busy[0], gone[0]] == [502, 502]
    events = [(received.subject, received.event) for parsed in endpoint.parsed for received in parsed.accepted]
    assert len(events) == len(endpoint.parsed) == 7
    *declined, (by_edge, _), (subject, agreed), (_, bot), _ = events
    assert len({subject for subject, _ in declined} | {f"a:{VISITOR}"}) == 4
    for _, event in declined:
        assert (event.name, event.properties) == ("Signed Up", {"asset": "workshop"})
        assert event.traits == {"email": "ann@example.com", "firstName": "Ann"}
        assert event.context == {"form": True, "request": {"purpose": PURPOSE}, "locale": "en"}
        assert event.bot == ""
    assert subject == by_edge == f"a:{VISITOR}"
    assert (agreed.traits, agreed.context) == (declined[0][1].traits, {"form": True, "locale": "en"})
    assert bot.bot
    assert json.dumps(agreed.as_json())
