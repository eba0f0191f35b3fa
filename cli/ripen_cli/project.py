"""Paths of the project, and tools installed in separate virtual environments below `.ripen/`."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ripen.config.upload_limits import is_ignored, misplaced

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".ripen"
RULES = ROOT / "infra"
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end a command: Ctrl-C, a termination request, a closed terminal."""


def tool(name: str, command: str) -> Path:
    """The path of `command` from the tools pinned in infra/local/<name>.txt; installs them if missing or changed."""
    pins = (ROOT / "infra" / "local" / f"{name}.txt").read_bytes()
    stamp = HOME / name / "installed"
    wanted = hashlib.sha256(pins + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _install(name)
        stamp.write_text(wanted)
    return HOME / name / "bin" / command


def _install(name: str) -> None:
    try:
        venv.create(HOME / name, clear=True, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise click.ClickException(
            "no virtual environment could be made; on Debian: apt install python3-venv"
        ) from error
    pip = [HOME / name / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*map(str, pip), "-r", str(ROOT / "infra" / "local" / f"{name}.txt")], f"{name} could not be installed")


def run(command: list[str], failure: str, env: dict[str, str] | None = None) -> str:
    """The output of a command. If it fails, the error is one line and the full output goes to a log file."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        process = launch(command, started, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        printed = process.communicate()[0].decode(errors="replace")
    except BaseException:  # includes Ctrl-C
        for one in started:
            one.kill()
            one.communicate()
        raise
    if process.returncode:
        HOME.mkdir(exist_ok=True)
        log = HOME / "failed.log"
        log.write_text(f"$ {' '.join(command)}\n{printed}")
        last = next((line.strip() for line in reversed(printed.splitlines()) if line.strip()), "no output")
        raise click.ClickException(f"{failure}: {last} (full output: {log.relative_to(ROOT)})")
    return printed


def launch(command: list[str], started: list[subprocess.Popen[bytes]], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program and add it to `started`, by which the caller ends it if a signal comes at any moment afterwards.

    Signals that come before it is there are deferred; otherwise the program would be left running.
    """
    came: list[int] = []
    before = {number: signal.signal(number, lambda which, _frame: came.append(which)) for number in ENDING}
    try:
        process = subprocess.Popen(command, **options)
        started.append(process)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt
    return process


def folder_of(path: Path) -> Path:
    """The folder that holds rules/ and mails/. Raises click.ClickException if `path` is one of the two."""
    if not (path / "rules").is_dir() and not (path / "mails").is_dir():
        above = f"; did you mean {path.parent}?" if path.name in ("rules", "mails") else ""
        raise click.ClickException(f"{path} holds neither rules/ nor mails/{above}")
    return path


def rule_files(folder: Path) -> dict[str, bytes]:
    """The files in mails/ and rules/ below a folder that can be mails or rules, by their key in the rules bucket.

    Mails come first.
    """
    return {name: path.read_bytes() for name, path in _files(folder) if not is_ignored(name)}


def ignored_files(folder: Path) -> list[str]:
    """The names of the files in mails/ and rules/ below a folder that can be neither mails nor rules."""
    return [name for name, _ in _files(folder) if is_ignored(name)]


def misplaced_files(folder: Path) -> list[str]:
    """Warnings about rule files and mails that lie in a folder itself, outside of mails/ and rules/."""
    return [*misplaced(path.name for path in folder.iterdir() if path.is_file())]


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for kind in ("mails", "rules"):
        for path in sorted((folder / kind).rglob("*")):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path


def digest(folder: Path) -> str:
    """A digest of all files below a folder, without `__pycache__`."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
