"""The demo's web server, on loopback only."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask
from werkzeug.serving import make_server

from ripen_cli.cloud import Cloud
from ripen_cli.demo import desk, site
from ripen_cli.demo.crm import Crm
from ripen_cli.local_edge import SITE
from ripen_cli.project import ROOT

_HOST = "127.0.0.1"
WEBSITE = f"www.{SITE}"
"""The host of the website: it shares its site with the edge."""


def application(cloud: Cloud, crm: Crm) -> Flask:
    """The website, and the pages of operators and of a CRM, connected to a running local cloud."""
    web = ROOT / "web" / "demo"
    app = Flask(__name__, template_folder=str(web), static_folder=str(web / "static"))
    # Prevents DNS rebinding: requests for other host names are rejected.
    app.config["TRUSTED_HOSTS"] = [_HOST, "localhost", WEBSITE]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(site.blueprint(cloud))
    app.register_blueprint(desk.blueprint(cloud, crm))
    return app


@contextmanager
def listen(port: int) -> Iterator[socket.socket]:
    """A listening socket on loopback; port 0 takes any free port. Raises click.ClickException if the port is taken."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((_HOST, port))
        except OSError:
            raise click.ClickException(
                f"port {port} is in use; stop the other program, or choose another port with --site-port"
            ) from None
        listening.listen()
        yield listening


@contextmanager
def serve(cloud: Cloud, listening: socket.socket) -> Iterator[str]:
    """Serve on `listening` until the block ends; yields the base URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    port = listening.getsockname()[1]
    crm = Crm(cloud)
    crm.connect()
    server = make_server(_HOST, port, application(cloud, crm), threaded=True, fd=listening.fileno())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{WEBSITE}:{port}"
    finally:
        server.shutdown()
        thread.join()
