"""CPU from process start to the first write: the tracking function against bare boto3, in fresh processes.

The writes go to a stub server on loopback. A first run of both, which does not count, compiles the modules.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from typing import NamedTuple

from bench.page import item, request

_HERE = Path(__file__).parent


class _Table(BaseHTTPRequestHandler):
    """Accepts every write."""

    protocol_version = "HTTP/1.1"
    written_at = 0.0

    def do_POST(self) -> None:
        _Table.written_at = time.perf_counter()
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


class _Run(NamedTuple):
    cpu: float
    wall: float


def _run(script: str, argument: object, environment: Mapping[str, str]) -> _Run:
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, str(_HERE / script), repr(argument)], env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or _Table.written_at < began:
        raise SystemExit(f"{script} did not write")
    return _Run((used.ru_utime + used.ru_stime) * 1000, (_Table.written_at - began) * 1000)


def main(rounds: int) -> None:
    """Print the medians of `rounds` alternating runs as JSON."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Table) as table:
        Thread(target=table.serve_forever, daemon=True).start()
        environment = dict(os.environ) | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{table.server_port}"}  # noqa: TID251 - passed on as it is
        pairs = [
            (_run("cold_floor.py", item(), environment), _run("cold_value.py", request(), environment))
            for _ in range(rounds + 1)
        ][1:]
        table.shutdown()
    floors, values = zip(*pairs, strict=True)
    result = {
        "value": median(run.cpu for run in values),
        "unit": "ms CPU",
        "floor": median(run.cpu for run in floors),
        "note": f"wall {median(r.wall for r in values):.0f} ms, floor {median(r.wall for r in floors):.0f} ms",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(2 if "--quick" in sys.argv else 15)
