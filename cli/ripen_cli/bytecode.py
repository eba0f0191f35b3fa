"""Compiles what `sam build` made, because Lambda keeps no bytecode: the folder of a function is read-only there.

Without it each cold start compiles every module, which takes as long as the imports themselves. Python reads only the
bytecode of its own version and ignores any other, so only the version that the function runs on compiles it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click

from ripen_cli.project import ROOT, run

OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The runtime whose bytecode the running interpreter makes."""

_DEPLOYED = "/var/task"
"""The folder of a function in Lambda, for tracebacks; it also makes the same bytecode in each build folder."""


def compile_build(build: Path) -> None:
    """Compile every module of every function in the build folder of `sam build`.

    The bytecode is `unchecked-hash`: the times of files change on their way to Lambda, and their content does not.
    Raises click.ClickException, for example if no interpreter of the runtime is on this machine.
    """
    for runtime, function in _built(build):
        options = ["-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", str(function), "-p", _DEPLOYED]
        command = [_interpreter(runtime), "-m", "compileall", *options, str(function)]
        run(command, f"{function.name} could not be compiled", _environment())


def _built(build: Path) -> list[tuple[str, Path]]:
    """Runtime and folder of each function, as `sam build` noted them beside the build folder."""
    notes = build.parent / "build.toml"
    if not notes.exists():
        raise click.ClickException(f"{build} was not made by `sam build`: {notes} is missing; run `make build`")
    definitions = tomllib.loads(notes.read_text())["function_build_definitions"].values()
    return [(each["runtime"], build / name) for each in definitions for name in each["functions"]]


def _interpreter(runtime: str) -> str:
    """The path of the interpreter of a runtime such as `python3.13`."""
    if runtime == OWN:
        return sys.executable
    found = shutil.which(runtime)
    if found and _version(found) == runtime:
        return found
    raise click.ClickException(
        f"no {runtime} was found on this machine, and another Python makes no bytecode that Lambda's {runtime} reads; "
        f"install {runtime}, or build for this one: make build RUNTIME={OWN}"
    )


def _version(interpreter: str) -> str:
    asked = [interpreter, "-c", "import sys; print('python%d.%d' % sys.version_info[:2])"]
    return subprocess.run(asked, env=_environment(), capture_output=True, text=True, check=False).stdout.strip()


def _environment() -> dict[str, str]:
    """The environment without what changes how Python compiles; with a fixed order of sets in the bytecode."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")} | {"PYTHONHASHSEED": "0"}


if __name__ == "__main__":
    try:
        compile_build(ROOT / ".aws-sam" / "build")
    except click.ClickException as error:
        error.show()
        sys.exit(1)
