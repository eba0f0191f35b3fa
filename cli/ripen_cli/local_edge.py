"""The local edge: a server on loopback that stands for DNS and TLS before the emulator's CloudFront distribution."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ripen_cli.project import HOME, launch

SITE = "ripen.localhost"
"""The domain of websites on this machine; browsers resolve every name below localhost to loopback."""

DOMAIN = f"go.{SITE}"
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/local"
_HOST = "127.0.0.1"
_HOP_BY_HOP = {"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"}
_TIMEOUT = 60


def start(emulator_port: int, distribution: str, started: list[subprocess.Popen[bytes]]) -> int:
    """Start the edge of the distribution with this domain name as a process, and add it to `started`.

    Returns its port, which takes connections already.
    """
    with socket.socket() as listening, (HOME / f"edge-{emulator_port}.log").open("wb") as log:
        listening.bind((_HOST, 0))
        listening.listen(64)
        number = listening.fileno()
        command = [sys.executable, "-m", "ripen_cli.local_edge", str(number), str(emulator_port), distribution]
        launch(command, started, pass_fds=(number,), stdout=log, stderr=log, start_new_session=True)
        return int(listening.getsockname()[1])


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listening: socket.socket, emulator_port: int, distribution: str) -> None:
        super().__init__((_HOST, 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.emulator_port = emulator_port
        self.distribution = distribution


class _Handler(BaseHTTPRequestHandler):
    """Asks the distribution, which takes the request for one by https."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        own = [
            ("Host", self.server.distribution),
            ("X-Forwarded-Proto", "https"),
            ("Content-Length", str(len(body))),
        ]
        asked = HTTPConnection(_HOST, self.server.emulator_port, timeout=_TIMEOUT)
        try:
            asked.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in [*_end_to_end(self.headers.items()), *own]:
                asked.putheader(name, value)
            asked.endheaders(body)
            answer = asked.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
        except (OSError, HTTPException):
            self._answer(502, [], b"The emulator does not answer.")
        finally:
            asked.close()

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = _forward  # noqa: N815 - called by these names

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in _end_to_end(headers):
            self.send_header(name, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: requests hold what visitors do."""


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


if __name__ == "__main__":
    _Server(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), sys.argv[3]).serve_forever()
