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
    with listen(0) as probe:
        port = probe.getsockname()[1]
    yield local_cloud.start(port, _ignore)
    local_cloud.stop(port)
