"""The deployed code holds the bytecode of every module, and Python uses it: no cold start compiles."""

import importlib.util
import io
import json
import os
import subprocess
import sys
import urllib.request
import zipfile

import pytest

HANDLERS = ("track.handler", "score.handler", "trigger.handler", "publish.handler")
NOTICING = """
import importlib, json, sys
from importlib.machinery import SourceFileLoader

folder, *handlers = sys.argv[1:]
compiled = []
ordinary = SourceFileLoader.source_to_code

def noticed(self, data, path, **more):
    compiled.append(path)
    return ordinary(self, data, path, **more)

SourceFileLoader.source_to_code = noticed
sys.path.insert(0, folder)
for handler in handlers:
    importlib.import_module(handler)
files = [module.__file__ for module in list(sys.modules.values()) if getattr(module, "__file__", None)]
print(json.dumps({"imported": files, "compiled": compiled}))
"""


@pytest.fixture(scope="module")
def code(cloud, tmp_path_factory):
    """The folder of a function, as it was deployed."""
    folder = tmp_path_factory.mktemp("code")
    location = cloud.client("lambda").get_function(FunctionName=cloud.score_function)["Code"]["Location"]
    with urllib.request.urlopen(location) as answer, zipfile.ZipFile(io.BytesIO(answer.read())) as deployed:
        deployed.extractall(folder)
    return folder


def bytecode(folder):
    return {path: path.read_bytes()[:16] for path in folder.rglob("*.pyc")}


def test_every_deployed_module_has_unchecked_bytecode_of_the_python_that_runs_it(code):
    modules = {importlib.util.cache_from_source(str(path)) for path in code.rglob("*.py")}
    compiled = bytecode(code)

    assert len(modules) > 500
    assert {*map(str, compiled)} == modules
    assert {header[:8] for header in compiled.values()} == {importlib.util.MAGIC_NUMBER + b"\1\0\0\0"}


def test_importing_the_deployed_code_compiles_nothing(code):
    before = bytecode(code)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    command = [sys.executable, "-c", NOTICING, code, *HANDLERS]
    done = subprocess.run(command, env=env, cwd=code, capture_output=True, text=True, check=True)

    seen = json.loads(done.stdout)
    assert {f"{code}/{name.replace('.', '/')}.py" for name in HANDLERS} <= {*seen["imported"]}
    assert [path for path in seen["compiled"] if path.startswith(str(code))] == []
    assert bytecode(code) == before
