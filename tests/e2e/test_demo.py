import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from ripen_cli.demo.server import listen, serve
from ripen_cli.project import ROOT

RIPEN = str(Path(sys.executable).with_name("ripen"))
STORY = [
    ("-", "nothing in the ledger"),
    ("-", "nothing in the ledger"),
    ("0.0", "awareness"),
    ("5.0", "awareness"),
    ("10.0", "information"),
    ("18.0", "information"),
    ("30.0", "information"),
    ("30.0", "information"),
    *[("50.0", "consultation")] * 6,
    *[("67.0", "consultation")] * 4,
    ("67.0", "purchase"),
    ("20.0", "information"),
    ("-", "handed over to Jon Avery"),
    ("-", "given back"),
    ("-", "returned-too-early"),
    ("-", "handed over again"),
    ("-", "purchase"),
    ("-", "3 leads"),
    ("-", "live"),
    ("-", "live"),
    ("-", "nothing changed"),
    ("-", "waits"),
    ("-", "live"),
    ("-", "waits"),
    ("-", "live"),
]


def test_the_story_holds(cloud):
    done = subprocess.run(
        [RIPEN, "demo", "--check", "--port", _port(cloud)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    *steps, last = done.stdout.splitlines()
    assert [tuple(re.split(r"\s{2,}", step)[-2:]) for step in steps] == STORY
    assert last == "All steps of the demo succeeded."
    table = done.stderr.partition("Verifying the deployment.")[2]
    assert "  ✓ reports come back         delivery, bounce and complaint are in the ledger\n" in table
    assert re.search(r"^  All \d+ checks passed.$", table, re.MULTILINE)


def test_a_fault_of_the_deployment_ends_the_check(cloud, stack):
    queue = {"QueueUrl": stack["UploadDeadLetters"]}
    cloud.client("sqs").send_message(**queue, MessageBody="{}")
    command = [RIPEN, "demo", "--check", "--port", _port(cloud)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    cloud.client("sqs").purge_queue(**queue)
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.search(r"^  ✗ dead letters +1 wait\n +→ see ripen dead-letters list$", done.stderr, re.MULTILINE)
    assert done.stderr.endswith("Error: the deployment has the faults above\n")


def test_a_taken_port_is_told_in_one_line():
    with listen(0) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [RIPEN, "demo", "--site-port", port], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
        )

    assert done.returncode == 1
    assert (
        done.stderr
        == f"Error: port {port} is in use; stop the other program, or choose another port with --site-port\n"
    )


def test_the_demo_tells_its_addresses_and_ends_when_interrupted(cloud):
    with listen(0) as free:
        port = free.getsockname()[1]
    command = [RIPEN, "demo", "--site-port", str(port), "--port", _port(cloud)]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        lines = iter(demo.stdout.readline, "")
        landing = next(line.strip() for line in lines if "utm_medium=paid-social" in line)
        assert landing.startswith(f"http://www.ripen.localhost:{port}/lp/webinar?")
        assert _status(landing) == 200
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=30) == 0
    finally:
        demo.kill()
        demo.stdout.close()
        demo.wait()


def test_pages_are_served_to_this_machine_only(cloud):
    with listen(0) as listening, serve(cloud, listening) as base:
        assert listening.getsockname()[0] == "127.0.0.1"
        assert _status(f"{base}/_demo/leads") == 200
        assert _status(f"{base}/_demo/leads", host="elsewhere.example") == 400


def test_what_a_visitor_enters_is_shown_as_text(cloud, browser):
    with listen(0) as listening, serve(cloud, listening) as base, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{base}/workshop")
        page.get_by_role("button", name="Accept").click()
        page.get_by_label("First name").fill("<img src=x onerror=document.title='owned'>")
        page.get_by_label("E-mail").fill("curious@visitor.example")
        page.get_by_role("button", name="Sign up").click()
        page.wait_for_url("**/workshop/thanks")
        page.wait_for_function("() => Object.keys(localStorage).every((key) => !key.startsWith('ripen:'))")

        page.goto(f"{base}/_demo/me")
        page.get_by_role("heading", name="<img src=x").wait_for()

        assert page.locator("img").count() == 0


def _port(cloud):
    return str(urlsplit(cloud.endpoint).port)


def _status(url, host=None):
    parts = urlsplit(url)
    connection = HTTPConnection("127.0.0.1", parts.port, timeout=10)
    try:
        connection.request("GET", parts._replace(scheme="", netloc="").geturl(), headers={"Host": host or parts.netloc})
        return connection.getresponse().status
    finally:
        connection.close()
