"""Where the project is, and the tools that live in virtual environments of their own below `.ripen/`."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".ripen"
RULES = ROOT / "infra"


def tool(name: str, command: str) -> Path:
    """The path of `command` from the tools pinned in infra/local/<name>.txt; installed when missing or changed."""
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
    """What a command prints. When it fails: one clear line, and all it printed in a log file."""
    done = subprocess.run(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        HOME.mkdir(exist_ok=True)
        log = HOME / "failed.log"
        log.write_text(f"$ {' '.join(command)}\n{done.stdout}")
        last = next((line.strip() for line in reversed(done.stdout.splitlines()) if line.strip()), "no output")
        raise click.ClickException(f"{failure}: {last} (everything it printed: {log.relative_to(ROOT)})")
    return done.stdout


def digest(folder: Path) -> str:
    """A digest of all files below a folder, except what Python caches."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
