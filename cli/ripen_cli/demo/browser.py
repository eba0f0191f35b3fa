"""Headless browsers: finds an installed one, or installs it with apt-get if run as root."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
from playwright.sync_api import Browser, BrowserType, Error, sync_playwright

from ripen_cli.cloud import Progress
from ripen_cli.project import run

# The user agent of Chromium with a window, because headless browsers earn no points as bots. Set as an argument, it
# also applies to requests that outlive their page.
_USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
# The flags also switch off Chromium's own network traffic.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    f"--user-agent={_USER_AGENT}",
]


class Kind(NamedTuple):
    """A browser: its title, program names, Debian package and launch options.

    `own` is True if the browser that `playwright install` downloads may be used too.
    """

    title: str
    programs: tuple[str, ...]
    package: str
    options: dict[str, Any]
    own: bool


CHROMIUM = Kind(
    "Chromium", ("chromium", "chromium-browser", "google-chrome"), "chromium", {"args": _ARGUMENTS}, own=True
)
# This channel drives Mozilla's own Firefox build by WebDriver BiDi.
FIREFOX = Kind("Firefox", ("firefox-esr", "firefox"), "firefox-esr", {"channel": "moz-firefox"}, own=False)


FONTS = "fonts-liberation"
"""Debian's fonts with the metrics of Arial, so that pages and mails look as they do elsewhere."""


@contextmanager
def chromium(progress: Progress) -> Iterator[Browser]:
    """A headless Chromium for the duration of a block. Raises click.ClickException if there is none."""
    with sync_playwright() as playwright, launched(playwright.chromium, CHROMIUM, progress) as browser:
        yield browser


@contextmanager
def launched(driver: BrowserType, kind: Kind, progress: Progress) -> Iterator[Browser]:
    """A headless browser of a kind for the duration of a block. Raises click.ClickException if there is none."""
    path = _find(driver, kind) or _install(driver, kind, progress)
    try:
        browser = driver.launch(executable_path=path, **kind.options)
    except Error as error:
        reason = error.message.splitlines()[0]
        raise click.ClickException(f"{path} does not start: {reason}") from None
    try:
        yield browser
    finally:
        browser.close()


def _find(driver: BrowserType, kind: Kind) -> str | None:
    installed = (shutil.which(name) for name in kind.programs)
    own = driver.executable_path if kind.own and Path(driver.executable_path).exists() else None
    return next((path for path in installed if path), own)


def _install(driver: BrowserType, kind: Kind, progress: Progress) -> str:
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt:
        progress(f"  {kind.title} is missing; apt-get installs it (a minute or two) ...")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run([apt, "update"], "apt-get update failed", quiet)
        install = [apt, "install", "--yes", "--no-install-recommends", kind.package, FONTS]
        run(install, f"{kind.title} could not be installed", quiet)
    path = _find(driver, kind)
    if path is None:
        raise click.ClickException(f"{kind.title} is missing; install it with `sudo apt-get install {kind.package}`")
    return path
