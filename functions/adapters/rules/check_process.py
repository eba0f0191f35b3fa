"""The process that `isolated_check` starts. It reads files from stdin, checks them, and prints the result.

It prints one JSON object per line. Before each file, `reading` holds its name and `found` the problems since the last
line. The last line is the result: either `problems`, or `configuration`, `mails`, `version` and `warnings`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from base64 import b64decode
from collections.abc import Collection, Sequence
from typing import Any, TextIO

from adapters.rules.rule_files import build, warnings_of
from ripen.config.configuration import MAILS
from ripen.errors import InvalidConfigurationError

MOST_BYTES = 512 * 1024 * 1024
"""Most bytes of memory, including the program itself; a check of the starter kit takes about 60 MB."""

MOST_SECONDS = 90
"""Most seconds of CPU time, which end a process whose parent has ended."""


def main() -> None:
    """Check the `files` in stdin, by name with contents in Base64; `sent` are the names of events that were sent."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of libraries goes to the log
    task = json.load(sys.stdin)
    files = {name: b64decode(content) for name, content in task["files"].items()}
    print(json.dumps(_answer(files, task["sent"], _Progress(output))), file=output, flush=True)


class _Progress:
    """Reports each file to the parent process, with the problems found since the last report."""

    def __init__(self, output: TextIO) -> None:
        self.output = output
        self.name = ""
        self.told = 0

    def __call__(self, name: str, troubles: Sequence[str]) -> None:
        print(json.dumps({"reading": name, "found": troubles[self.told :]}), file=self.output, flush=True)
        self.name, self.told = name, len(troubles)


def _answer(files: dict[str, bytes], sent: Collection[str], progress: _Progress) -> dict[str, Any]:
    try:
        configuration, mails, version = build(files, progress)
        warnings = warnings_of(files, configuration, sent)
    except InvalidConfigurationError as error:
        return {"problems": error.problems}
    except MemoryError:
        text = f"the check takes more than {MOST_BYTES >> 20} MB of memory; make the file smaller"
        return {"problems": [f"{progress.name}:1: {text}"]}
    except RecursionError:
        return {"problems": [f"{progress.name}:1: the file is nested too deeply"]}
    return {
        "configuration": configuration.plain(),
        "mails": MAILS.dump_python(mails),
        "version": version,
        "warnings": warnings,
    }


if __name__ == "__main__":
    main()
