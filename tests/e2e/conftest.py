import shutil

import pytest

from ripen.sources import digest
from ripen_cli import cloud as local_cloud
from ripen_cli.demo.browser import chromium
from ripen_cli.demo.server import listen
from ripen_cli.project import RULES

SERVER_KEY = "a-secret-key"


def _ignore(_line):
    pass


@pytest.fixture(scope="session")
def browser():
    with chromium(_ignore) as browser:
        yield browser


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    """The local cloud with the starter rules and one more source: a server that has the key `SERVER_KEY`."""
    with listen(0) as probe:
        port = probe.getsockname()[1]
    started = local_cloud.start(port, _ignore)
    folder = tmp_path_factory.mktemp("rules")
    shutil.copytree(RULES, folder, dirs_exist_ok=True)
    with (folder / "rules" / "sources.yaml").open("a") as file:
        file.write(f"  server:\n    kind: server\n    write_key_sha256: {digest(SERVER_KEY)}\n")
    local_cloud.publish_rules(started, folder)
    yield started
    local_cloud.stop(port)
