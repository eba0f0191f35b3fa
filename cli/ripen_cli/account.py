"""What commands share that work on a deployed table: the option that names it, the clock, and errors as one line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from botocore.exceptions import BotoCoreError, ClientError

from ripen.times import SECOND

table_option = click.option("--table", required=True, help="The table of the deployment: its output `TableName`.")


def now() -> int:
    """The present moment in milliseconds."""
    return int(time.time() * SECOND)


@contextmanager
def telling_errors() -> Iterator[None]:
    """What AWS refuses, and what keeps us from asking, is one clear line."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise click.ClickException(str(error)) from None
