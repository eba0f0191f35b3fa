"""How the walks through the demo watch a lead: after sweeps, and until the score function has followed."""

from __future__ import annotations

from collections.abc import Callable

from ripen_cli.cloud import Cloud, Progress
from ripen_cli.demo.checking import Found, StoryError, wait
from ripen_cli.demo.leads import Leads, Reading
from ripen_cli.demo.times import clock
from ripen_cli.demo.triggering import sweep

FOLLOWED_WITHIN = 90
"""Seconds within which the score function writes what an event means for a lead."""


class Watch:
    """Looks at leads of a local cloud; `progress` gets a line while it waits for sweeps."""

    def __init__(self, cloud: Cloud, progress: Progress) -> None:
        self.leads = Leads(cloud)
        self._cloud = cloud
        self._functions = cloud.client("lambda")
        self._progress = progress

    def read(self, subject: str) -> Reading | None:
        """The lead as it is now; None if there is none."""
        return self.leads.read(subject, clock())

    def after_sweeps(self, look: Callable[[], Found], done: Callable[[Found], bool], limit: float) -> Found:
        """The first result of `look` after a sweep for which `done` is true, or the last one after `limit` seconds."""

        def swept() -> Found:
            sweep(self._cloud, self._functions)
            return look()

        return wait(swept, done, limit, self._progress)

    def settled(self, title: str, subject: str, also: Callable[[Reading], bool] = lambda _: True) -> Reading:
        """The lead once the score function has followed and `also` is true. Raises StoryError if that never comes."""

        def done(reading: Reading | None) -> bool:
            return reading is not None and reading.settled and also(reading)

        found = wait(lambda: self.read(subject), done, FOLLOWED_WITHIN)
        if found is None or not done(found):
            written = found.tree.record.data if found else "no lead"
            raise StoryError(title, f"the score function to follow within {FOLLOWED_WITHIN} s", written or "no record")
        return found
