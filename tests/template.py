"""template.yaml as data: the only source of the table's schema and of what each function is told."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent


class _Loader(YAML):
    """Reads `!Ref X` as {"Ref": "X"} and `!GetAtt X.Y` as {"GetAtt": "X.Y"}, and so on."""

    def __init__(self):
        super().__init__(typ="safe", pure=True)
        self.constructor.add_multi_constructor("!", _intrinsic)


def _intrinsic(constructor, tag, node):
    if node.id == "scalar":
        return {tag: node.value}
    build = constructor.construct_sequence if node.id == "sequence" else constructor.construct_mapping
    return {tag: build(node, deep=True)}


def load():
    return _Loader().load(ROOT / "template.yaml")


def table_definition(template):
    """The arguments of DynamoDB's CreateTable."""
    properties = template["Resources"]["Table"]["Properties"]
    names = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    stream = {"StreamEnabled": True, **properties["StreamSpecification"]}
    return {**{name: properties[name] for name in names}, "StreamSpecification": stream}


def environment(template, function, names):
    """The environment variables of a function; `names` says what a reference such as `Table` stands for."""
    variables = dict(template["Globals"]["Function"]["Environment"]["Variables"])
    own = template["Resources"][function]["Properties"].get("Environment", {})
    variables |= own.get("Variables", {})
    return {name: names[_referred(reference)] for name, reference in variables.items()}


def _referred(reference):
    """What a reference names; of a choice what is taken without the parameter that it asks for."""
    [(kind, named)] = reference.items()
    return _referred(named[2]) if kind == "If" else named


def outputs(template, names):
    """The outputs of the stack, as far as `names` says what they refer to."""
    told = {key: _referred(output["Value"]) for key, output in template["Outputs"].items()}
    return {key: names[name] for key, name in told.items() if name in names}
