"""The command line imports a command when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from ripen_cli.lazy import LazyGroup
from ripen_cli.main import main
from ripen_cli.project import ROOT


def groups(group):
    yield group
    for name in group.list_commands(click.Context(group)):
        inner = group.get_command(click.Context(group), name)
        if isinstance(inner, LazyGroup):
            yield from groups(inner)


@pytest.mark.parametrize("group", [*groups(main)], ids=lambda group: group.name)
def test_every_listed_command_exists(group):
    for name in group.list_commands(click.Context(group)):
        assert isinstance(group.get_command(click.Context(group), name), click.Command)
    assert group.get_command(click.Context(group), "no-such-command") is None


def test_a_check_of_rules_starts_without_aws_and_the_models():
    code = "import sys, ripen_cli.main, ripen_cli.rules.check; print({'boto3', 'pydantic', 'flask'} & {*sys.modules})"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
