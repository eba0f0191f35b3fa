"""The check of an upload, in a process of its own that may not take more than its share of time and memory.

Whatever an upload does to what reads it, such as ending the process, is a problem of the file that was read then.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ripen.config.configuration import Configuration, Mails, MailTemplate
from ripen.config.upload_limits import is_read, size_problems
from ripen.errors import InvalidConfigurationError

MOST_SECONDS = 60
"""For a whole check; the starter kit takes about a second."""

_FUNCTIONS = Path(__file__).parents[2]
_WHOLE = "rules"


class Checked(NamedTuple):
    """What was uploaded, found valid; `version` is a digest of it."""

    configuration: Configuration
    mails: Mails
    version: str


def check(files: Mapping[str, bytes], seconds: float = MOST_SECONDS) -> Checked:
    """What `adapters.rules.rule_files.build` makes of `files`, within `seconds`.

    Raises InvalidConfigurationError with every problem; when the check itself broke off, also with the file that it
    broke off at, and the line if there is one.
    """
    if problems := size_problems({name: len(content) for name, content in files.items()}):
        raise InvalidConfigurationError(problems)
    read = {name: content if is_read(name) else b"" for name, content in files.items()}
    task = json.dumps({name: b64encode(content).decode() for name, content in read.items()}).encode()
    command = [sys.executable, "-m", "adapters.rules.check_process"]
    try:
        done = subprocess.run(command, cwd=_FUNCTIONS, input=task, stdout=subprocess.PIPE, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise _broken_off(error.stdout or b"", f"it takes more than {seconds:g} seconds to check") from None
    if done.returncode:
        raise _broken_off(done.stdout, _reason(done.returncode))
    *_, answer = _told(done.stdout)
    if "problems" in answer:
        raise InvalidConfigurationError(answer["problems"])
    return Checked(
        Configuration.model_validate(answer["configuration"]),
        {
            name: {language: MailTemplate(**mail) for language, mail in languages.items()}
            for name, languages in answer["mails"].items()
        },
        answer["version"],
    )


def _broken_off(printed: bytes, reason: str) -> InvalidConfigurationError:
    told = _told(printed)
    found = [problem for one in told for problem in one["found"]]
    return InvalidConfigurationError([*found, f"{told[-1]['reading'] if told else _WHOLE}:1: {reason}"])


def _told(printed: bytes) -> list[dict[str, Any]]:
    """The whole lines that were printed; the last one may have been cut off."""
    return [json.loads(line) for line in printed.splitlines(keepends=True) if line.endswith(b"\n")]


def _reason(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        return f"it ends what reads it ({name}), so it cannot be checked; is it large, or nested deeply?"
    return f"what reads it fails with status {status}, so it cannot be checked; the log has the reason"
