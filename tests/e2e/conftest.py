import socket

import pytest
from playwright.sync_api import sync_playwright

from ripen_cli import cloud as local_cloud


@pytest.fixture(scope="session")
def cloud():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield local_cloud.start(port, print)
    local_cloud.stop(port)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        )
        yield browser
        browser.close()
