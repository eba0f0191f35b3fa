"""If no local cloud runs on a port, the message names the port on which one does."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ripen_cli import cloud
from ripen_cli.main import main


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder in which the states of local clouds lie; the one on port 4567 runs."""
    for port in (4567, 4568):
        (tmp_path / f"cloud-{port}.json").write_text("{}")
    monkeypatch.setattr(cloud, "HOME", tmp_path)
    monkeypatch.setattr(cloud, "running", lambda port=cloud.DEFAULT_PORT: object() if port == 4567 else None)


@pytest.mark.parametrize("command", [("local", "status"), ("lead", "show", "ann", "--local")])
def test_the_port_that_is_in_use_is_named(home, command):
    told = CliRunner().invoke(main, [*command, "--port", "4568"])

    assert told.exit_code == 1
    assert "no local cloud runs on port 4568, but one does on 4567; say --port 4567" in told.output


def test_without_any_local_cloud_the_message_says_how_to_start_one(home, monkeypatch):
    monkeypatch.setattr(cloud, "running", lambda port=cloud.DEFAULT_PORT: None)

    told = CliRunner().invoke(main, ["local", "status"])

    assert "; start one with `ripen local up`" in told.output
