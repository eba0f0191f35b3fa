"""What the walks through the demo share: expectations, and waiting for what a browser or a function does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import click
from playwright.sync_api import Error

from ripen_cli.cloud import Progress
from ripen_cli.demo.story import Visitor

_TOLD_EVERY = 10
Found = TypeVar("Found")


class StoryError(click.ClickException):
    """A check after a step failed: the expected and the found value."""

    def __init__(self, step: str, expected: object, found: object) -> None:
        super().__init__(f"{step}: expected {expected}, found {found}")


def perform(title: str, act: Callable[[Visitor], object], visitor: Visitor) -> None:
    """Do something in the browser. Raises StoryError if the page does not allow it."""
    try:
        act(visitor)
    except Error as error:
        raise StoryError(title, "a page on which this is possible", error.message.splitlines()[0]) from None


def expect(title: str, what: str, expected: object, found: object) -> None:
    """Raise StoryError if something differs from what is expected."""
    if found != expected:
        raise StoryError(title, f"{what} to be {expected}", found)


def _quiet(_line: str) -> None:
    """Discard the line."""


def wait(look: Callable[[], Found], done: Callable[[Found], bool], limit: float, progress: Progress = _quiet) -> Found:
    """The first result of `look` for which `done` is true, or the last one after `limit` seconds."""
    began = told = time.monotonic()
    while not done(found := look()) and (now := time.monotonic()) - began < limit:
        if now - told >= _TOLD_EVERY:
            told = now
            progress(f"    {now - began:.0f} s ...")
        time.sleep(0.1)
    return found
