"""Chromium without a window: found, or installed where that is one plain command."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from playwright.sync_api import Browser, Error, Playwright, sync_playwright

from ripen_cli.cloud import Progress
from ripen_cli.project import run

# A browser with a window: one without says so, and what it does earns no points. Said at the start it also holds for
# requests that outlive their page.
_USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
# It talks to nobody but the pages that it is sent to.
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


@contextmanager
def chromium(progress: Progress) -> Iterator[Browser]:
    """A headless Chromium for the length of a block. Raises click.ClickException when there is none."""
    with sync_playwright() as playwright:
        path = _find(playwright) or _install(playwright, progress)
        try:
            browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        except Error as error:
            reason = error.message.splitlines()[0]
            raise click.ClickException(f"{path} does not start: {reason}") from None
        try:
            yield browser
        finally:
            browser.close()


def _find(playwright: Playwright) -> str | None:
    installed = (shutil.which(name) for name in _NAMES)
    own = playwright.chromium.executable_path
    return next((path for path in installed if path), own if Path(own).exists() else None)


def _install(playwright: Playwright, progress: Progress) -> str:
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt:
        progress("  Chromium is missing; apt-get installs it (a minute or two) ...")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run([apt, "update"], "apt-get update failed", quiet)
        run([apt, "install", "--yes", "--no-install-recommends", "chromium"], "Chromium could not be installed", quiet)
    path = _find(playwright)
    if path is None:
        raise click.ClickException("there is no Chromium; install it with `sudo apt-get install chromium`")
    return path
