import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from ripen_cli.project import HOME

RIPEN = Path(sys.executable).with_name("ripen")


def ripen(*arguments, **env):
    command, env = [RIPEN, "local", *arguments], {**os.environ, **env}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=240)


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_up_status_and_down_leave_nothing_running_and_no_files(port, tmp_path):
    up = ripen("up", "--detach", "--json", "--port", port, TMPDIR=str(tmp_path))
    try:
        assert up.returncode == 0, up.stderr
        cloud = json.loads(up.stdout)
        emulator, edge = psutil.Process(cloud["pid"]), psutil.Process(cloud["edge_pid"])
        family = [emulator, *emulator.children(recursive=True), edge]
        again = ripen("up", "--detach", "--json", "--port", port)
        status = ripen("status", "--json", "--port", port)
        with urllib.request.urlopen(f"{cloud['endpoint']}/_ministack/ready") as answer:
            assert answer.status == 200, "every listener is up"
        sockets = [address for process in (emulator, edge) for address in process.net_connections()]
        listening = {address.laddr.ip for address in sockets if address.status == "LISTEN"}
        with urllib.request.urlopen(f"{cloud['endpoint']}/_ministack/health") as answer:
            health = json.load(answer)
        files = HOME / f"cloud-{port}"
        assert [*files.glob("ministack-lambda-*")], "code of functions that ran"
    finally:
        down = ripen("down", "--port", port)

    assert json.loads(again.stdout) == json.loads(status.stdout) == cloud
    assert "already running" in again.stderr
    assert "sam deploy" in up.stderr, "progress is shown"
    assert listening == {"127.0.0.1"}, "on loopback only"
    assert health["auth"] == "enabled", "IAM is enforced"
    assert down.stdout == "Stopped.\n"
    assert not any(process.is_running() for process in family)
    assert not files.exists()
    assert [*tmp_path.iterdir()] == []
    assert ripen("status", "--port", port).stderr.startswith(f"Error: no local cloud runs on port {port}")
    assert ripen("down", "--port", port).stdout == "It was not running.\n"


def test_a_taken_port_is_reported_in_one_line():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        up = ripen("up", "--detach", "--port", str(port))

    assert up.returncode == 1
    assert up.stderr == f"Error: port {port} is in use; stop the other program, or choose another port with --port\n"


@pytest.mark.parametrize(
    ("step", "end"),
    [("emulator ...", signal.SIGINT), ("sam deploy ...", signal.SIGINT), ("sam deploy ...", signal.SIGHUP)],
)
def test_ctrl_c_or_a_closed_terminal_while_it_starts_leaves_nothing_running(port, step, end):
    with subprocess.Popen([RIPEN, "local", "up", "--port", port], stderr=subprocess.PIPE, text=True) as up:
        for line in up.stderr:
            if step in line:
                break
        deadline = time.monotonic() + 10
        while not (family := psutil.Process(up.pid).children(recursive=True)) and time.monotonic() < deadline:
            time.sleep(0.01)
        up.send_signal(end)
        up.stderr.read()

    _, alive = psutil.wait_procs(family, timeout=10)
    assert family
    assert alive == []
    assert not (HOME / f"cloud-{port}").exists()
