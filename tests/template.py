"""template.yaml as data: the only source of the table's schema and of each function's environment."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor

FUNCTIONS = (
    *("TrackFunction", "ScoreFunction", "SalesFunction", "TriggerFunction"),
    *("PublishFunction", "RehearseFunction"),
)
"""The names of all functions in the template."""
ROOT = Path(__file__).parent.parent


class _Loader(YAML):
    """Parses `!Ref X` as {"Ref": "X"}, `!GetAtt X.Y` as {"GetAtt": "X.Y"}, and other tags likewise."""

    def __init__(self):
        super().__init__(typ="safe", pure=True)
        self.Constructor = _Constructor


class _Constructor(SafeConstructor):
    """Of its own, because constructors are added to a class and its subclasses."""


def _intrinsic(constructor, tag, node):
    if node.id == "scalar":
        return {tag: node.value}
    build = constructor.construct_sequence if node.id == "sequence" else constructor.construct_mapping
    return {tag: build(node, deep=True)}


_Constructor.add_multi_constructor("!", _intrinsic)


def load(name="template.yaml"):
    return _Loader().load(ROOT / name)


def table_definition(template):
    """The arguments of DynamoDB's CreateTable."""
    properties = template["Resources"]["Table"]["Properties"]
    names = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    stream = {"StreamEnabled": True, **properties["StreamSpecification"]}
    return {**{name: properties[name] for name in names}, "StreamSpecification": stream}


def environment(template, function, names):
    """The environment variables of a function; `names` maps references such as `Table` to values."""
    variables = dict(template["Globals"]["Function"]["Environment"]["Variables"])
    own = template["Resources"][function]["Properties"].get("Environment", {})
    variables |= own.get("Variables", {})
    referred = {name: _referred(reference) for name, reference in variables.items()}
    return {name: names[named] if named else "" for name, named in referred.items()}


def _referred(reference):
    """The name in a reference; of an `If`, the name that applies without the parameter; empty if nothing does."""
    if not reference:
        return ""
    [(kind, named)] = reference.items()
    return _referred(named[2]) if kind == "If" else named


def outputs(template, names):
    """The stack outputs whose reference is in `names`."""
    told = {key: _referred(output["Value"]) for key, output in template["Outputs"].items()}
    return {key: names[name] for key, name in told.items() if name in names}
