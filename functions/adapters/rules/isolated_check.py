"""The check of an upload in a separate process, with limits of time and memory.

A crash or timeout of that process becomes a problem of the file that it was reading.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ripen.config.upload_limits import is_read, size_problems
from ripen.errors import InvalidConfigurationError

if TYPE_CHECKING:  # the command that only checks starts without the models
    from ripen.config.configuration import Configuration, Mails

MOST_SECONDS = 60
"""Most seconds of a whole check; the starter kit takes about one second."""

_FUNCTIONS = Path(__file__).parents[2]
_WHOLE = "rules"


class Checked(NamedTuple):
    """A valid upload; `version` is its digest, `warnings` are about what is allowed and was hardly meant."""

    configuration: Configuration
    mails: Mails
    version: str
    warnings: Sequence[str] = ()


def check(files: Mapping[str, bytes], sent: Collection[str] = (), seconds: float = MOST_SECONDS) -> Checked:
    """The result of `adapters.rules.rule_files.build` for `files`, as in `check_plain`."""
    from ripen.config.configuration import MAILS, Configuration  # noqa: PLC0415 - as above

    answer = check_plain(files, sent, seconds)
    return Checked(
        Configuration.model_validate(answer["configuration"]),
        MAILS.validate_python(answer["mails"]),
        answer["version"],
        answer["warnings"],
    )


def check_plain(
    files: Mapping[str, bytes], sent: Collection[str] = (), seconds: float = MOST_SECONDS
) -> dict[str, Any]:
    """The result of the check of `files` within `seconds`, as JSON: `configuration`, `mails`, `version`, `warnings`.

    `sent` are the names of events that sources have sent, if they are known; the warnings compare with them.

    Raises InvalidConfigurationError with every problem. If the process crashes or times out, one problem names the file
    that it was reading.
    """
    if problems := size_problems({name: len(content) for name, content in files.items()}):
        raise InvalidConfigurationError(problems)
    read = {name: content if is_read(name) else b"" for name, content in files.items()}
    encoded = {name: b64encode(content).decode() for name, content in read.items()}
    task = json.dumps({"files": encoded, "sent": sorted(sent)}).encode()
    command = [sys.executable, "-m", "adapters.rules.check_process"]
    try:
        done = subprocess.run(command, cwd=_FUNCTIONS, input=task, stdout=subprocess.PIPE, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise _broken_off(
            error.stdout or b"", f"the check takes more than {seconds:g} seconds; make the file smaller"
        ) from None
    if done.returncode:
        raise _broken_off(done.stdout, _reason(done.returncode))
    *_, answer = _told(done.stdout)
    if "problems" in answer:
        raise InvalidConfigurationError(answer["problems"])
    return answer


def _broken_off(printed: bytes, reason: str) -> InvalidConfigurationError:
    told = _told(printed)
    found = [problem for one in told for problem in one["found"]]
    return InvalidConfigurationError([*found, f"{told[-1]['reading'] if told else _WHOLE}:1: {reason}"])


def _told(printed: bytes) -> list[dict[str, Any]]:
    """The printed lines that are complete; the last one may be cut off."""
    return [json.loads(line) for line in printed.splitlines(keepends=True) if line.endswith(b"\n")]


def _reason(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        return f"the check of this file ended with {name}; make the file smaller or less deeply nested"
    return f"the check of this file failed with exit status {status}; the log shows the reason"
