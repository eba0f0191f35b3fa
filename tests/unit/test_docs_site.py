"""The documentation is a site: it has no broken link, loads nothing from elsewhere, and no page of it is stale."""

import html
import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest

from ripen_cli.main import main
from track.openapi import openapi

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT / 'functions'}:{ROOT / 'cli'}", "NO_MKDOCS_2_WARNING": "1"}
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "use": "href"}


def build(configuration, folder):
    command = [sys.executable, "-m", "mkdocs", "build", "-f", str(configuration), "-d", str(folder)]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Loads(HTMLParser):
    """The addresses that a browser loads for a page."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page.read_text())

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag in LOADING and LOADING[tag] in named and named.get("rel") not in ("canonical", "next", "prev"):
            self.found.append(named[LOADING[tag]])


def test_no_page_loads_anything_from_elsewhere(site):
    pages = [*site.rglob("*.html")]
    assert len(pages) > 50
    loaded = {address for page in pages for address in Loads(page).found}
    assert any(address.endswith(".js") for address in loaded)
    assert {address for address in loaded if re.match(r"(https?:)?//", address)} == set()


def test_no_style_or_picture_loads_anything_from_elsewhere(site):
    texts = {path.name: path.read_text() for pattern in ("*.css", "*.svg") for path in site.rglob(pattern)}
    assert "overview.svg" in texts
    outside = re.compile(r"""(?:@import|url\(|href=|src=)\s*["']?(?:https?:)?//""")
    assert [name for name, text in texts.items() if outside.search(text)] == []


def test_a_broken_link_ends_the_build(tmp_path):
    broken = ("[a page](missing.md)", "[a heading](index.md#missing)", "![a picture](missing.svg)")
    configuration = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[0] + "\nnav: [index.md]\n"
    (tmp_path / "mkdocs.yml").write_text(configuration)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "site.css").write_text("")
    (tmp_path / "docs" / "index.md").write_text("# Start\n\n" + "\n\n".join(broken) + "\n")

    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")

    assert done.returncode != 0
    assert [name for name in ("missing.md", "#missing", "missing.svg") if name not in done.stderr] == []
    assert len(re.findall(r"^WARNING", done.stderr, re.MULTILINE)) == len(broken)


def commands(command, name):
    yield name, command
    context = click.Context(command)
    for key in command.list_commands(context) if isinstance(command, click.Group) else ():
        inner = command.get_command(context, key)
        if not inner.hidden:
            yield from commands(inner, f"{name} {key}")


def options():
    parameters = (parameter for _, command in commands(main, "ripen") for parameter in command.params)
    return {option for parameter in parameters for option in parameter.opts if option.startswith("--")}


def test_every_command_and_option_is_on_the_page_about_the_command_line(site):
    page = html.unescape((site / "reference" / "cli.html").read_text())
    assert len([*commands(main, "ripen")]) > 20
    assert [name for name, _ in commands(main, "ripen") if f">{name}<" not in page] == []
    assert {option for option in options() if option not in page} == set()
    assert "UNSET" not in page


def test_every_path_and_field_of_the_api_is_on_its_page():
    page = (DOCS / "reference" / "api.md").read_text()
    document = openapi("https://track.example/v1")
    assert [path for path in document["paths"] if f" /v1{path}\n" not in page] == []
    fields = {
        name
        for item in document["paths"].values()
        for call in item.values()
        for content in call.get("requestBody", {}).get("content", {}).values()
        for name in content["schema"]["properties"]
    }
    assert {"messageId", "groupId", "batch", "pause"} <= fields
    assert {name for name in fields if f"| `{name}` |" not in page} == set()


def generated():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize(("page", "text"), [*generated().items()], ids=lambda value: getattr(value, "name", "text"))
def test_generated_pages_are_up_to_date(page, text):
    assert page.read_text() == text, "make reference"


def test_the_readme_is_short_and_has_a_picture():
    readme = (ROOT / "README.md").read_text()
    assert len(readme.splitlines()) <= 150
    assert re.search(r"^!\[.+\]\(docs/pictures/.+\.svg\)$", readme, re.MULTILINE)
