"""The local edge: a server on loopback that stands for DNS and TLS before the emulator's CloudFront distribution."""

from __future__ import annotations

import socket
import subprocess
import sys
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


def start(emulator_port: int, distribution: str) -> tuple[int, subprocess.Popen[bytes]]:
    """Start the edge as a process of its own; returns its port, which takes connections already."""
    with socket.socket() as listening, (HOME / f"edge-{emulator_port}.log").open("wb") as log:
        listening.bind((_HOST, 0))
        listening.listen(64)
        number = listening.fileno()
        command = [sys.executable, "-m", "ripen_cli.local_edge", str(number), str(emulator_port), distribution]
        process = launch(command, pass_fds=(number,), stdout=log, stderr=log, start_new_session=True)
        return listening.getsockname()[1], process


def handler(emulator_port: int, distribution: str) -> type[BaseHTTPRequestHandler]:
    """A request handler that asks the distribution with this domain name, over TLS as far as it can tell."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked = HTTPConnection(_HOST, emulator_port, timeout=_TIMEOUT)
            try:
                asked.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in _HOP_BY_HOP:
                        asked.putheader(name, value)
                asked.putheader("Host", distribution)
                asked.putheader("X-Forwarded-Proto", "https")
                asked.putheader("Content-Length", str(len(body)))
                asked.endheaders(body)
                answer = asked.getresponse()
                self._answer(answer.status, answer.getheaders(), answer.read())
            except (OSError, HTTPException):
                self._answer(502, [], b"The emulator does not answer.")
            finally:
                asked.close()

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if status not in {204, 304}:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = _forward  # noqa: N815 - by http.server

        def log_message(self, *_: object) -> None:
            """Log nothing: requests hold what visitors do."""

    return Handler


def serve(listening: socket.socket, emulator_port: int, distribution: str) -> ThreadingHTTPServer:
    """A server on a listening socket; its `serve_forever` answers requests."""
    server = ThreadingHTTPServer((_HOST, 0), handler(emulator_port, distribution), bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.daemon_threads = True
    return server


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), sys.argv[3]).serve_forever()
