"""A program that is started while Ctrl-C is pressed is known to whoever has to end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from ripen_cli.local import ending_on_signals
from ripen_cli.project import launch

PROGRAM = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.mark.parametrize("moment", ["before the program is there", "after it is there"])
def test_a_program_that_a_signal_interrupts_is_known_to_the_caller(monkeypatch, moment):
    started = []
    start = subprocess.Popen

    def interrupted(*command, **options):
        if moment == "before the program is there":
            os.kill(os.getpid(), signal.SIGINT)
        process = start(*command, **options)
        if moment == "after it is there":
            os.kill(os.getpid(), signal.SIGINT)
        return process

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with ending_on_signals():
        launch(PROGRAM, started)
        pytest.fail("the signal was lost")

    [process] = started
    assert process.poll() is None
    process.kill()
    process.wait()


def test_a_program_that_cannot_be_started_leaves_the_signals_as_they_were(monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    started = []

    with pytest.raises(FileNotFoundError):
        launch(["/nowhere/nothing"], started)

    assert started == []
    assert signal.getsignal(signal.SIGINT) is before
