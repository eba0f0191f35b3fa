import pytest

from ripen_cli import cloud as local_cloud
from ripen_cli.demo.browser import chromium
from ripen_cli.demo.server import listen


def _ignore(_line):
    pass


@pytest.fixture(scope="session")
def browser():
    with chromium(_ignore) as browser:
        yield browser


@pytest.fixture(scope="session")
def cloud():
    """The local cloud: the one that runs already, or one of our own on a free port."""
    found = local_cloud.running()
    if found:
        yield found
        return
    with listen(0) as probe:
        port = probe.getsockname()[1]
    started = local_cloud.start(port, _ignore)
    yield started
    local_cloud.stop()
