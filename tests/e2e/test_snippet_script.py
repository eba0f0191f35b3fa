"""The browser snippet: loading of the script, its size, and the browsers that can parse it."""

import gzip
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ripen_cli.project import ROOT

BUILT = ROOT / "functions" / "track" / "ripen.min.js"
OFFERS = ROOT / "functions" / "track" / "offers.min.js"
SENDING = ROOT / "docs" / "how-to" / "send-events.md"
PARTS = sorted([*(ROOT / "web" / "snippet").glob("*.js"), *(ROOT / "web" / "offers").glob("*.js")])
PARSE = """
const { parse } = require('internal/deps/acorn/acorn/dist/acorn');
parse(require('fs').readFileSync(process.argv[1], 'utf8'), { ecmaVersion: Number(process.argv[2]) });
"""


def test_calls_made_before_the_script_arrives_are_executed_later(context, recorder):
    recorder.pages["/early"] = f"""<!doctype html><title>Early</title>
      <script>
        window.ripen = window.ripen || [];
        ripen.push(['load', 'site-key', {{ page: true }}], ['consent', true], ['track', 'Tool Used', {{ n: 1 }}]);
      </script>
      <script async src="{recorder.endpoint}/v1/ripen.js"></script><script src="/ripen.js" defer></script>"""
    page = context.new_page()
    page.goto(f"{recorder.origin}/early")
    page.evaluate("ripen.push(['track', 'Tool Used', { n: 2 }])")

    events = recorder.events("page", "Tool Used", "Tool Used")
    assert [event["type"] for event in events] == ["page", "track", "track"]
    assert [event["properties"] for event in events[1:]] == [{"n": 1}, {"n": 2}]


def test_the_example_in_the_documents_works(context, recorder):
    [example] = re.findall(r"^```html\n(.*?)^```", SENDING.read_text(), re.MULTILINE | re.DOTALL)
    assert example in (ROOT / "README.md").read_text()
    recorder.pages["/example"] = example.replace("https://<id>.lambda-url.<region>.on.aws", recorder.endpoint)
    page = context.new_page()
    page.goto(f"{recorder.origin}/example")
    page.evaluate("ripen.push(['consent', true])")

    assert [event["type"] for event in recorder.events("page")] == ["page"]


def test_the_deployed_function_serves_the_script(cloud):
    with urllib.request.urlopen(f"{cloud.track_url.rstrip('/')}/v1/ripen.js") as answer:
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.read() == BUILT.read_bytes()


@pytest.mark.parametrize(("script", "bytes_allowed"), [(BUILT, 4096), (OFFERS, 3072)], ids=["snippet", "offers"])
def test_each_script_is_small(script, bytes_allowed):
    assert len(gzip.compress(script.read_bytes(), 9)) <= bytes_allowed


def test_the_served_scripts_are_built_from_the_source(tmp_path):
    subprocess.run([sys.executable, ROOT / "web" / "build.py", tmp_path], check=True)

    for script in (BUILT, OFFERS):
        assert (tmp_path / script.name).read_bytes() == script.read_bytes(), "make snippet"


@pytest.mark.parametrize("script", [BUILT, OFFERS, *PARTS], ids=lambda path: path.name)
def test_browsers_of_five_years_ago_can_parse_each_script(script):
    node = Path(sys.executable).with_name("node")  # it has a parser that can be told the year
    command = [node, "--expose-internals", "--no-warnings", "-e", PARSE, script, "2020"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    newer = ["-e", PARSE.replace("readFileSync(process.argv[1], 'utf8')", "constants && 'a ||= 1'"), script, "2020"]
    assert subprocess.run([*command[:3], *newer], capture_output=True, check=False).returncode == 1
