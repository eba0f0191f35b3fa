from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement

FUNCTIONS = Path(__file__).parents[2] / "functions"


def pins(name):
    lines = (line.partition("#")[0].strip() for line in (FUNCTIONS / name).read_text().splitlines())
    return {Requirement(line).name.lower().replace(".", "-"): Requirement(line) for line in lines if line}


def test_shipped_packages_are_complete_pinned_and_installed():
    asked, pinned = pins("requirements.in"), pins("requirements.txt")
    open_names, needed = [*asked], set()
    while open_names:
        name = open_names.pop()
        if name not in needed:
            needed.add(name)
            parts = map(Requirement, requires(name) or [])
            open_names += [
                part.name.lower() for part in parts if not part.marker or part.marker.evaluate({"extra": ""})
            ]

    assert needed == set(pinned), "make lock"
    for name, requirement in pinned.items():
        assert str(requirement.specifier) == f"=={version(name)}"
        assert name not in asked or requirement.specifier == asked[name].specifier
