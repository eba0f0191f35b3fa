"""What `sam build` made is compiled by the Python that it is built for, and by no other."""

from __future__ import annotations

import importlib.util
import marshal
import sys

import pytest
from click import ClickException

from ripen_cli.bytecode import OWN, compile_build


@pytest.fixture
def built(tmp_path):
    """A function that makes a build folder with one function of a runtime, as `sam build` leaves it."""

    def build(runtime, source="WORDS = {'a', 'b', 'c'}\n"):
        folder = tmp_path / "build" / "TrackFunction"
        folder.mkdir(parents=True)
        (folder / "words.py").write_text(source)
        definition = f'[function_build_definitions.x]\nruntime = "{runtime}"\nfunctions = ["TrackFunction"]\n'
        (tmp_path / "build.toml").write_text(definition)
        return tmp_path / "build"

    return build


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A folder that is all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def bytecode(build):
    [found] = build.rglob("*.pyc")
    return found.read_bytes()


def test_a_module_is_compiled_to_bytecode_that_python_uses_without_a_look_at_the_source(built):
    build = built(OWN)

    compile_build(build)

    assert bytecode(build)[:8] == importlib.util.MAGIC_NUMBER + b"\1\0\0\0"
    assert marshal.loads(bytecode(build)[16:]).co_filename == "/var/task/words.py"  # noqa: S302 - made by this test


def test_bytecode_is_the_same_each_time_whatever_the_environment_says(built, monkeypatch):
    build = built(OWN, "def f(x):\n    assert x in {'a', 'b', 'c', 'd'}\n")
    compile_build(build)
    first = bytecode(build)

    for name, value in {"PYTHONHASHSEED": "7", "PYTHONOPTIMIZE": "2", "PYTHONPYCACHEPREFIX": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    compile_build(build)

    assert bytecode(build) == first


def test_the_interpreter_of_another_runtime_is_found_by_its_name(built, path):
    (path / "python3.9").write_text(f'#!/bin/sh\n[ "$1" = -c ] && echo python3.9 || exec "{sys.executable}" "$@"\n')
    (path / "python3.9").chmod(0o755)
    build = built("python3.9")

    compile_build(build)

    assert bytecode(build)


def test_without_the_interpreter_of_the_runtime_nothing_is_compiled(built, path):
    build = built("python3.9")

    with pytest.raises(ClickException, match="no python3.9 was found .* make build RUNTIME=" + OWN):
        compile_build(build)

    assert [*build.rglob("*.pyc")] == []


@pytest.mark.parametrize("script", ["echo python3.8", "exit 127"])
def test_a_program_that_only_has_the_name_of_the_interpreter_compiles_nothing(built, path, script):
    (path / "python3.9").write_text(f"#!/bin/sh\n{script}\n")
    (path / "python3.9").chmod(0o755)

    with pytest.raises(ClickException, match=r"no python3\.9 was found"):
        compile_build(built("python3.9"))


def test_a_module_that_cannot_be_compiled_is_an_error(built):
    with pytest.raises(ClickException, match="TrackFunction could not be compiled"):
        compile_build(built(OWN, "def f(:\n"))


def test_a_folder_that_sam_did_not_build_is_an_error(tmp_path):
    with pytest.raises(ClickException, match="was not made by `sam build`"):
        compile_build(tmp_path / "build")
